"""Reading the measurements of predicts-the-mean: the numbers that claims and tables speak of."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from nnscratch.studies.study import Measurements

QUESTION = (
    "A regression network of convolutions, batch norm, PReLU and max pooling, five times, then "
    "two dense layers and five sigmoids, is trained on 23,000 spectrograms by mean squared error. "
    "\u201cThe system quite quickly converges to predict just the mean of each dimension.\u201d "
    "Before training it predicts 0.5 for everything, and the kernels change less the nearer they "
    "are to the input."
)
SOURCE = (
    "question 003_c80f18de29b98d29, asked by keunwoochoi in January 2016 as issue 1462 of Keras, "
    "version 0.3"
)

LEARNS = "none: it learns"
STEPS = "the steps"

CAUSES: Mapping[str, Callable[[Measurements], bool]] = MappingProxyType(
    {
        "the data": lambda m: m["linear"] < 0.1,
        "flat sigmoids": lambda m: m["after"]["slope"] < 0.01,
        "a lost signal": lambda m: m["before"]["restored"] < 0.1,
        "the averages": lambda m: error(m, "training") < min(0.9, error(m, "inference") / 2),
        LEARNS: lambda m: error(m, "unseen") < 0.9,
    }
)
"""What tells the causes apart, in the order in which to ask."""


def cause(measured: Measurements) -> str:
    """Why a network predicts the mean, by its measurements alone."""
    return next((name for name, found in CAUSES.items() if found(measured)), STEPS)


def error(measured: Measurements, mode: str) -> float:
    """The squared error against that of the best constant: 1 is "it predicts the mean".

    Args:
        measured: of a variant.
        mode: "training", "inference", or "unseen": inference on rows that were not trained on.
    """
    return float(measured["answers"][mode]["error"])


def spread(measured: Measurements, mode: str) -> float:
    """The spread of the answers against that of the targets."""
    return float(measured["answers"][mode]["spread"])


def size(measured: Measurements, layer: str) -> float:
    """How large the weights of a layer's kernel are before training (root mean square)."""
    return float(measured["kernels"][f"{layer}/kernel"]["size"])


def passed(measured: Measurements, role: str) -> float:
    """What the calls of a role together let through of the gradient in the first step."""
    way = measured["before"]["way"]
    return math.prod(float(hop["factor"]) for hop in way if hop["role"] == role)


def ratio(measured: Measurements, layer: str) -> float:
    """The median step of a layer's kernel, against the kernel."""
    return float(measured["kernels"][f"{layer}/kernel"]["ratio"])


def steepness(measured: Measurements) -> float:
    """The median step of the first kernel against that of the last, each against the kernel."""
    return ratio(measured, "conv_1") / ratio(measured, "output")


def beyond(measured: Measurements) -> float:
    """How many times farther out values of a unit lie than those of a batch of N can, sqrt(N - 1).

    That is where one value differs and the others are equal.
    """
    return float(measured["after"]["farthest"]) / math.sqrt(measured["batch_size"] - 1)


def first_gradients_apart(one: Measurements, other: Measurements) -> float:
    """The largest difference between the norms of two networks' gradients in the first step."""
    norms, others = one["before"]["gradients"], other["before"]["gradients"]
    return max(
        abs(float(norms[path]) - float(others[path])) for path in norms.keys() & others.keys()
    )


def order(measured: Measurements) -> list[int]:
    """How many axes the first two arrays of `get_weights()` have."""
    return [len(shape) for shape in measured["get_weights"]]


COLUMNS: Mapping[str, Callable[[Measurements], str]] = MappingProxyType(
    {
        "error, training": lambda m: f"{error(m, 'training'):.2f}",
        "inference": lambda m: f"{error(m, 'inference'):.2f}",
        "spread": lambda m: f"{spread(m, 'inference'):.1g}",
        "what is wrong": cause,
    }
)
"""What the study's table shows of a variant."""
