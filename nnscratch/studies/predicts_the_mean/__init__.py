"""Question 003: the network predicts the mean of its targets."""
