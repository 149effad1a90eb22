"""The embedded data set: 1,797 handwritten digits of 8x8 pixels."""

from __future__ import annotations

from importlib import resources

import numpy as np

from nnscratch.datasets.images import TrainAndTest, labelled

TRAIN = 1437
WHITE = 16


def digits(*, scale: bool = True) -> TrainAndTest:
    """UCI's optical digits, always at hand: (x_train, y_train), (x_test, y_test).

    Images are float32 (1437, 8, 8, 1) and (360, 8, 8, 1) in 0..1, labels int64 (1437,) and (360,),
    one of ten classes each. The order and the split are those of the file: the first 1,437 rows
    train, the last 360 test. Shuffling before the split would make the test easier than new
    handwriting is, because rows near each other are alike, as those of one writer are: the nearest
    training image has the right label for 98.9 % of a shuffled test part, and 95.6 % of this one.

    Args:
        scale: divide by 16, the largest value, or else leave the numbers 0..16, as float32.

    Source: Alpaydin & Kaynak 1998, doi 10.24432/C50P49, CC BY 4.0 (digits.txt, beside this file).
    """
    data = resources.files("nnscratch.datasets").joinpath("digits.npz")
    with data.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        x, y = labelled(arrays["images"], arrays["labels"], white=WHITE, scale=scale)
    return (x[:TRAIN], y[:TRAIN]), (x[TRAIN:], y[TRAIN:])
