"""The readable backend: whole-array NumPy."""
