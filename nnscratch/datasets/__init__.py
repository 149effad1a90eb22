"""Images that are at hand: embedded digits, Fashion-MNIST, pairs, synthetic sets."""
