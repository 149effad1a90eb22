"""Question 004: the accuracy of a ResNet just stays around 0.2."""
