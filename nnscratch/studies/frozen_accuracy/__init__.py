"""Question 002: the accuracy is the same through 50 epochs."""
