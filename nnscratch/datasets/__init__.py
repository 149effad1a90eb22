"""Images that are at hand: embedded digits, Fashion-MNIST, pairs, synthetic sets.

Sets of labelled images come as Keras gives them, (x_train, y_train), (x_test, y_test), but ready
to train on: float32 (N, H, W, 1) in 0..1, and int64 (N,).
"""

from __future__ import annotations

from nnscratch.datasets.fashion import fashion_mnist
from nnscratch.datasets.idx import read_idx
from nnscratch.datasets.moments import image_moments
from nnscratch.datasets.optical_digits import digits
from nnscratch.datasets.pairing import pairs
from nnscratch.datasets.synthetic import bars, gaussian_blobs, spirals

__all__ = [
    "bars",
    "digits",
    "fashion_mnist",
    "gaussian_blobs",
    "image_moments",
    "pairs",
    "read_idx",
    "spirals",
]
