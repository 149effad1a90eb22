"""Gradient checks and conformance cases, usable on anybody's layer."""
