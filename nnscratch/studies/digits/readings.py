"""Reading the measurements of the digits studies: the numbers that claims and tables speak of."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nnscratch.studies.study import Measurements

CONV = "conv_1/kernel"
CONV_2 = "conv_2/kernel"
HIDDEN = "hidden/kernel"
OUTPUT = "output/kernel"
BIAS = "output/bias"

QUESTION = (
    "A convolutional network written from scratch converges fast and well, but its weights hardly "
    "change. Kernels start as unit matrices, dense layers at 0; the activation is the sigmoid, and "
    "the data lie in 0..1. \u201cWhy do the weights change so little?\u201d"
)
SOURCE = "question 001_cc660a23177de3da, asked by feynman on a question-and-answer site"


def weight(measured: Measurements, path: str) -> dict[str, Any]:
    """All that was measured of one weight."""
    table: dict[str, Any] = measured["weights"][path]
    return table


def largest_gradient(measured: Measurements, paths: Iterable[str]) -> float:
    """The largest entry of some weights' gradients in any step: 0 only if all were exactly 0."""
    return max(float(weight(measured, path)["largest_gradient"]) for path in paths)


def first_gradient(measured: Measurements, paths: Iterable[str]) -> float:
    """The largest norm of some weights' gradients in the first step."""
    return max(float(weight(measured, path)["gradient"][0]) for path in paths)


def relative_change(measured: Measurements, path: str) -> float:
    """How far training moved a weight, against where it began; infinite from 0."""
    table = weight(measured, path)
    before, change = table["norm_before"], table["change"]
    return float(change / before) if before else math.inf


def typical_ratio(measured: Measurements, path: str) -> float:
    """The median over the recorded steps of one step's change against the weight itself."""
    ratios = [ratio for ratio in weight(measured, path)["ratio"] if ratio is not None]
    return float(statistics.median(ratios))


def fall(measured: Measurements) -> float:
    """By how much training lowered the loss of the training set."""
    return float(measured["loss_before"] - measured["loss_after"])


def share(measured: Measurements, path: str) -> float:
    """A weight's share in the fall of the batches' losses."""
    return float(measured["ledger"]["shares"][path])


def residual(measured: Measurements) -> float:
    """What the ledger misses, against what the losses really fell by."""
    ledger = measured["ledger"]
    missing = abs(ledger["along"] - ledger["real"])
    return float(missing / abs(ledger["real"]))


def first_factor(measured: Measurements, call: str) -> float:
    """How much of the gradient a call let through in the first step."""
    return _number(measured["attenuation"][call][0])


def last_factor(measured: Measurements, call: str) -> float:
    """How much of the gradient a call let through in the last recorded step."""
    return _number(measured["attenuation"][call][-1])


def biases_share(measured: Measurements) -> float:
    """The share of all biases together in the fall of the batches' losses."""
    ledger = measured["ledger"]
    return float(ledger["groups"]["biases"] / ledger["along"])


def path(measured: Measurements, when: str = "last") -> dict[str, Any]:
    """The way of the gradient to the first convolution in the "first", "second" or "last" step."""
    way: dict[str, Any] = measured["paths"][when]
    return way


def factor(measured: Measurements, call: str, when: str = "last") -> float:
    """What a call lets through on that way; NaN where nothing comes."""
    return next(_number(h["factor"]) for h in path(measured, when)["hops"] if h["call"] == call)


def mean_slope(measured: Measurements, call: str, when: str = "last") -> float:
    """The mean slope of an activation on that way; NaN where nothing comes."""
    hops = path(measured, when)["hops"]
    return next(_number(hop["mean_slope"]) for hop in hops if hop["call"] == call)


def mismatch(measured: Measurements, when: str = "last") -> float:
    """How far the product of the factors of that way is from what arrives, relatively."""
    way = path(measured, when)
    product = math.prod(float(hop["factor"]) for hop in way["hops"])
    return abs(product / float(way["total"]) - 1)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def all_but(measured: Measurements, *paths: str) -> list[str]:
    """The other weights."""
    return [path for path in measured["weights"] if path not in paths]


def kernels(measured: Measurements) -> list[str]:
    """The paths of the kernels."""
    return [path for path in measured["weights"] if path.endswith("/kernel")]


def widths(measured: Measurements, when: str = "distinct_after") -> str:
    """Different units of each layer but the last, in words: "1/8 16/16"."""
    tables = (weight(measured, path) for path in kernels(measured) if path != OUTPUT)
    return " ".join(f"{table[when]}/{table['units']}" for table in tables) or "-"


def kernel_change(measured: Measurements) -> str:
    """How far the first kernels moved, in words."""
    if CONV not in measured["weights"]:
        return "frozen"
    return f"{relative_change(measured, CONV):.1%}"


COLUMNS: Mapping[str, Callable[[Measurements], str]] = {
    "loss": lambda measured: f"{measured['loss_after']:.3f}",
    "test acc.": lambda measured: f"{measured['test_accuracy']:.3f}",
    "conv_1 moved": kernel_change,
    "different units": widths,
}
"""What the studies' tables show of a variant."""
