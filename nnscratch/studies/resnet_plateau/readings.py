"""Reading the measurements of resnet-plateau: the numbers that claims and tables speak of."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nnscratch.studies.study import Measurements

QUESTION = (
    "A three-stage ResNet with batch norm classifies 10,000 images of digits, 50x50x1, with "
    "validation_split=0.2 and EarlyStopping(monitor='val_loss', patience=2). The accuracy stops "
    "around 0.2 and gently oscillates. \u201cHas it overfitted, or is there another issue?\u201d"
)
SOURCE = (
    "question 004_5bfe180005a26d81, asked on Stack Overflow in 2020; optimizer, learning rate and "
    "batch size are not known: Adam at 0.001 and batches of 32 are Keras's defaults"
)
STUCK = (0.1, 0.3)
"""What passes for an accuracy of about 0.2."""


def at(measured: Measurements, log: str, epoch: int) -> float:
    """A log of an epoch, counted from 1; 0 is the last."""
    return float(measured["history"][log][epoch - 1])


def last(measured: Measurements, log: str) -> float:
    """A log of the last epoch."""
    return at(measured, log, 0)


def gap(measured: Measurements, epoch: int = 0) -> float:
    """How much better the batches' own statistics do than the moving averages, on equal rows.

    After an epoch, counted from 1, or after the last.
    """
    return at(measured, "batch_accuracy", epoch) - at(measured, "moving_accuracy", epoch)


def updates(measured: Measurements, epoch: int) -> int:
    """How many updates there had been after an epoch, counted from 1."""
    return int(measured["updates"]) * epoch // int(measured["epochs"])


def left(measured: Measurements, epoch: int | None = None) -> float:
    """The share of first values in the moving averages after an epoch, counted from 1, or all."""
    count = measured["updates"] if epoch is None else updates(measured, epoch)
    return float(measured["momentum"] ** count)


def around(measured: Measurements, log: str) -> int:
    """In how many epochs an accuracy was about 0.2."""
    low, high = STUCK
    return sum(low <= value <= high for value in measured["history"][log])


def epochs(measured: Measurements, log: str) -> str:
    """A log of every epoch, in words."""
    return ", ".join(f"{value:.2f}" for value in measured["history"][log])


def apart(one: Measurements, other: Measurements, log: str) -> float:
    """How much higher a log of the first is, after the last epoch that both have."""
    return aboves(one, other, log)[-1]


def aboves(one: Measurements, other: Measurements, log: str) -> list[float]:
    """How much higher a log of the first is, in each epoch that both have."""
    return [a - b for a, b in zip(one["history"][log], other["history"][log], strict=False)]


def farthest(one: Measurements, other: Measurements) -> float:
    """The largest difference between the losses of two trainings, as long as both go on."""
    pairs = zip(one["course"]["loss"], other["course"]["loss"], strict=False)
    return float(max(abs(a - b) for a, b in pairs))


def early(measured: Measurements, log: str) -> list[float]:
    """The batches' "loss" or "accuracy" in the first half of the first epoch, mean by mean."""
    course = measured["course"]
    return [v for v, epoch in zip(course[log], course["epoch"], strict=True) if epoch <= 0.5]


def ratio_off(one: float, other: float) -> float:
    """How far the ratio of two numbers is from 1."""
    return abs(one / other - 1)


def memory_off(measured: Measurements) -> float:
    """How far any layer's share of first values is from momentum to the power of updates."""
    expected = measured["momentum"] ** measured["repeats"]
    return float(max(abs(share - expected) for share in measured["first_values_left"]))


def share_of(log: str) -> Callable[[Measurements], str]:
    """A cell with an accuracy of the last epoch."""
    return lambda measured: f"{last(measured, log):.3f}"


COLUMNS: Mapping[str, Callable[[Measurements], str]] = {
    "updates": lambda measured: str(measured["updates"]),
    "training": share_of("accuracy"),
    "inferred": share_of("seen_accuracy"),
    "validation": share_of("val_accuracy"),
    "by batch": share_of("batch_accuracy"),
}
"""What the study's table shows of a variant: accuracies of the last epoch, on training rows in
training and when the network infers, and on validation rows when it infers and as in training."""
