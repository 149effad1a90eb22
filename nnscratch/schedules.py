"""Learning rates that change. Names, defaults and arithmetic are Keras 3's, in Python floats.

A schedule is called with the iteration, 0 at the first step, and returns the learning rate.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from numbers import Real
from typing import Protocol, TypeAlias

from nnscratch.core.arguments import number
from nnscratch.core.errors import DescriptionType


class Schedule(Protocol):
    """The learning rate at each iteration."""

    def __call__(self, iteration: int, /) -> float:
        """The learning rate at that iteration; the first is 0."""


Identifier: TypeAlias = Schedule | float
"""What names a schedule in an optimizer's arguments."""


@dataclass(frozen=True)
class Constant(metaclass=DescriptionType):
    """The same learning rate throughout.

    Raises:
        ArgumentError: it is negative or not finite.
    """

    learning_rate: float

    def __post_init__(self) -> None:
        number("Constant learning_rate", self.learning_rate, low=0)

    def __call__(self, iteration: int) -> float:
        """learning_rate."""
        return self.learning_rate


@dataclass(frozen=True)
class ExponentialDecay(metaclass=DescriptionType):
    """A factor of `decay_rate` every `decay_steps` iterations: smoothly, or at once (staircase).

    Raises:
        ArgumentError: a number is negative or not finite, or decay_steps not positive.
    """

    initial_learning_rate: float
    decay_steps: int
    decay_rate: float
    staircase: bool = False

    def __post_init__(self) -> None:
        number("ExponentialDecay initial_learning_rate", self.initial_learning_rate, low=0)
        number("ExponentialDecay decay_rate", self.decay_rate, low=0)
        number("ExponentialDecay decay_steps", self.decay_steps, above=0)

    def __call__(self, iteration: int) -> float:
        """initial_learning_rate * decay_rate ** (iteration / decay_steps)."""
        power = iteration // self.decay_steps if self.staircase else iteration / self.decay_steps
        return float(self.initial_learning_rate * self.decay_rate**power)


@dataclass(frozen=True)
class CosineDecay(metaclass=DescriptionType):
    """Half a cosine, from `initial_learning_rate` down to `alpha` times that, then constant.

    Keras's warm-up is not here.

    Raises:
        ArgumentError: a number is negative or not finite, or decay_steps not positive.

    Source: Loshchilov & Hutter 2017, SGDR, without the restarts.
    """

    initial_learning_rate: float
    decay_steps: int
    alpha: float = 0.0

    def __post_init__(self) -> None:
        number("CosineDecay initial_learning_rate", self.initial_learning_rate, low=0)
        number("CosineDecay alpha", self.alpha, low=0)
        number("CosineDecay decay_steps", self.decay_steps, above=0)

    def __call__(self, iteration: int) -> float:
        """initial_learning_rate * (alpha + (1 - alpha) (1 + cos(pi t)) / 2).

        t goes from 0 to 1 in decay_steps iterations.
        """
        t = min(iteration, self.decay_steps) / self.decay_steps
        cosine = 0.5 * (1.0 + math.cos(math.pi * t))
        return self.initial_learning_rate * (self.alpha + (1.0 - self.alpha) * cosine)


@dataclass(frozen=True)
class PiecewiseConstantDecay(metaclass=DescriptionType):
    """values[i] up to and including the iteration boundaries[i], then the next; the last stays.

    Raises:
        ValueError: there is not one value more than boundaries, or boundaries do not increase.
        ArgumentError: a value is negative or not finite.
    """

    boundaries: Sequence[int]
    values: Sequence[float]

    def __post_init__(self) -> None:
        call = "PiecewiseConstantDecay"
        boundaries, values = tuple(self.boundaries), tuple(self.values)
        if len(values) != len(boundaries) + 1:
            raise ValueError(
                f"{call}: expected one value more than boundaries, got {len(values)} values and "
                f"{len(boundaries)} boundaries"
            )
        if any(later <= earlier for earlier, later in pairwise(boundaries)):
            raise ValueError(f"{call}: expected boundaries that increase, got {boundaries}")
        for value in values:
            number(f"{call} values", value, low=0)
        # The caller's lists may change later, a schedule does not.
        object.__setattr__(self, "boundaries", boundaries)
        object.__setattr__(self, "values", values)

    def __call__(self, iteration: int) -> float:
        """values[the number of boundaries below the iteration]."""
        return self.values[bisect_left(self.boundaries, iteration)]


def get(identifier: Identifier) -> Schedule:
    """The schedule that is meant: itself, or that number throughout.

    Raises:
        ArgumentError: the number is negative or not finite.
        TypeError: the identifier is neither a number nor callable, or is a class.
    """
    if isinstance(identifier, Real) and not isinstance(identifier, bool):
        return Constant(float(identifier))
    if isinstance(identifier, type) or not callable(identifier):
        raise TypeError(
            "learning rate: expected a number or a schedule such as CosineDecay(0.1, 1000), "
            f"got {identifier!r}"
        )
    return identifier
