"""Question 000: accuracy is frozen at 0.5, and a convolution seems to learn only its bias."""
