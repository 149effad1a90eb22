"""Question 001, on digits: why do the weights change so little? Two studies of one network."""
