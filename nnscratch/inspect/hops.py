"""Hops: what each call of a tape hands back to each of its inputs, as numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from nnscratch.core.describe import norm
from nnscratch.core.tape import Call, Tape
from nnscratch.kernels.ops import Array


class Slope(NamedTuple):
    """|dx / dy|, entry by entry where dy is not 0: of an activation, the size of its slope."""

    mean: float
    largest: float


@dataclass(frozen=True)
class Hop:
    """One call on the gradient's way back, and one of its inputs."""

    key: str
    role: str
    """What the call's layer does: see `Layer.role`."""
    source: str
    """Where the input comes from: the key of a call, or the name of a model's input."""
    came: float
    """Norm of the loss's gradient by the call's output."""
    passed: float | None
    """Norm of what the call hands back to that input; None where nobody wanted it."""
    slope: Slope | None = None
    """Of an activation, where any gradient came to it."""

    @property
    def factor(self) -> float:
        """Norm of what is handed back against norm of what came; NaN where nothing came."""
        if self.passed is None or self.came == 0:
            return math.nan
        return self.passed / self.came


def hops_of(tape: Tape) -> Iterator[Hop]:
    """A hop for each input of each call, in the order of the graph."""
    for call in tape.values():
        came = norm(call.output_gradient)
        for source, dx in zip(call.sources, call.input_gradients, strict=True):
            passed = None if dx is None else norm(dx)
            yield Hop(call.key, call.layer.role, source, came, passed, slope_of(call, dx))


def slope_of(call: Call, dx: Array | None) -> Slope | None:
    """The slope of an activation; None of any other call, and where there is none to see."""
    dy = call.output_gradient
    if call.layer.role != "activation" or dx is None or not dy.any():
        return None
    came = dy != 0
    with np.errstate(invalid="ignore"):  # of infinite gradients
        slopes = np.abs(dx[came] / dy[came])
    return Slope(float(np.mean(slopes, dtype=np.float64)), float(np.max(slopes)))


def losses_of(tape: Tape) -> Mapping[str, float]:
    """Norm of what the loss itself hands back to each output, by the key of the output's call."""
    calls = list(tape)  # an input may be called like a layer
    return {key: norm(direct_gradient(tape, key)) for key in tape.sources if key in calls}


def direct_gradient(tape: Tape, key: str) -> Array:
    """The gradient of an output, without what its readers inside the network hand back."""
    gradient = tape[key].output_gradient
    for call in tape.values():
        for source, dx in zip(call.sources, call.input_gradients, strict=True):
            if source == key and dx is not None:
                gradient = gradient - dx
    return gradient
