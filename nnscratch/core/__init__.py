"""What a network is: layers, graphs, values, tapes and steps."""
