"""A convolutional-network framework that you can see through."""
