"""Reading the measurements of frozen-accuracy: the numbers that claims and tables speak of."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction

import numpy as np

from nnscratch.studies.study import Measurements

PUBLISHED_LOSS, PUBLISHED_ACCURACY = "11.4543", "0.4473"
"""What the asker's log says of every epoch but the first."""
EPSILON = 1e-9
FLOAT32_EPSILON = float(np.float32(1e-7))
LEARNED = 0.8
"""The accuracy that tells a system that learns; that of the best constant answer is 0.55."""

QUESTION = (
    "Of a convolutional network for two classes, with 32 filters as large as the 400x400 images, "
    "ReLU, a dense layer of 25, softmax and SGD, every epoch but the first prints loss: 11.4543 - "
    "acc: 0.4473. The filters stay as they are; with RMSprop they change in epoch 1, the accuracy "
    "does not. \u201cHow do I track the activation and gradient values of each mini-batch?\u201d"
)
SOURCE = "question 002_231634889e1385df, asked by chengzhang1 of the developers of Keras in 2015"


def accuracy(measured: Measurements) -> float:
    """That of the whole training set after training."""
    return 1 - float(measured["after"]["wrong"]) / float(measured["after"]["rows"])


def best_accuracy(measured: Measurements) -> float:
    """The highest one of the whole training set after an epoch."""
    return float(max(measured["epochs"]["val_accuracy"]))


def first_accuracy(measured: Measurements) -> float:
    """That of the whole training set after one epoch."""
    return float(measured["epochs"]["val_accuracy"][0])


def printed_off(measured: Measurements, log: str, published: str) -> float:
    """How far the epochs' numbers, printed as Keras does, are from a published one at most."""
    return max(abs(float(f"{value:.4f}") - float(published)) for value in measured["epochs"][log])


def floor_off(measured: Measurements) -> float:
    """How far the loss is from that of answers which are all clipped.

    A wrong one of these costs -ln(epsilon), a right one -ln(1 - epsilon).
    """
    wrong, epsilon = 1 - accuracy(measured), float(measured["epsilon"])
    floor = -wrong * math.log(epsilon) - (1 - wrong) * math.log1p(-epsilon)
    return abs(float(measured["after"]["loss"]) - floor)


def cost_of_wrong(measured: Measurements) -> float:
    """The loss for each wrong answer."""
    return float(measured["after"]["loss"]) / (1 - accuracy(measured))


def silence(measured: Measurements, when: str) -> float:
    """The share of the wrong answers, "before" or "after" training, that teach nothing at all."""
    seen = measured[when]
    return float(seen["wrong_and_silent"]) / float(seen["wrong"]) if seen["wrong"] else 0.0


def later(measured: Measurements, what: str) -> float:
    """The largest gradient or update of any weight in all epochs but the first."""
    return float(max(measured[f"largest_{what}"][1:]))


def fewest_images() -> int:
    """The smallest number of images, some of them wrong, that print both published numbers."""
    share = 1 - float(PUBLISHED_ACCURACY)
    for images in range(1, 10_000):
        wrong = Fraction(round(images * share), images)
        loss, right = -float(wrong) * math.log(EPSILON), float(1 - wrong)
        if (f"{loss:.4f}", f"{right:.4f}") == (PUBLISHED_LOSS, PUBLISHED_ACCURACY):
            return images
    return 0


def dead(measured: Measurements) -> str:
    """Dead filters and dead units after training, in words."""
    return f"{measured['after']['dead_filters']} + {measured['after']['dead_units']}"


COLUMNS: Mapping[str, Callable[[Measurements], str]] = {
    "loss": lambda measured: f"{measured['epochs']['val_loss'][-1]:.4f}",
    "acc.": lambda measured: f"{measured['epochs']['val_accuracy'][-1]:.4f}",
    "silent": lambda measured: f"{silence(measured, 'before'):.0%}",
    "at the end": lambda measured: f"{silence(measured, 'after'):.0%}",
    "moved in": lambda measured: f"{measured['moving']}/{measured['mini_batches']}",
    "dead": dead,
}
"""What the study's table shows of a variant."""
