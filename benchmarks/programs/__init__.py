"""Failing training programs with repaired twins, and healthy ones: README.md tells the format."""
