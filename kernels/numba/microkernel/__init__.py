"""The micro-kernel: a few rows of a sum of matrix products, kept in vector registers."""
