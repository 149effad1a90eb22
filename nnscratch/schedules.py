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
class InverseTimeDecay(metaclass=DescriptionType):
    """1 / (1 + decay_rate t) of the start, t growing by 1 every `decay_steps` iterations.

    Smoothly, or at once (staircase).

    Raises:
        ArgumentError: a number is negative or not finite, or decay_steps not positive.
    """

    initial_learning_rate: float
    decay_steps: int
    decay_rate: float
    staircase: bool = False

    def __post_init__(self) -> None:
        number("InverseTimeDecay initial_learning_rate", self.initial_learning_rate, low=0)
        number("InverseTimeDecay decay_rate", self.decay_rate, low=0)
        number("InverseTimeDecay decay_steps", self.decay_steps, above=0)

    def __call__(self, iteration: int) -> float:
        """initial_learning_rate / (1 + decay_rate * iteration / decay_steps)."""
        t = iteration // self.decay_steps if self.staircase else iteration / self.decay_steps
        return self.initial_learning_rate / (1 + self.decay_rate * t)


@dataclass(frozen=True)
class PolynomialDecay(metaclass=DescriptionType):
    """From `initial_learning_rate` to `end_learning_rate` in decay_steps iterations, then constant.

    Along a straight line, or the power of one. With `cycle` it begins anew at every end, each time
    over a longer way: from the start to the next multiple of decay_steps.

    Raises:
        ArgumentError: a number is negative or not finite, or decay_steps not positive.
    """

    initial_learning_rate: float
    decay_steps: int
    end_learning_rate: float = 0.0001
    power: float = 1.0
    cycle: bool = False

    def __post_init__(self) -> None:
        for name in ("initial_learning_rate", "end_learning_rate", "power"):
            number(f"PolynomialDecay {name}", getattr(self, name), low=0)
        number("PolynomialDecay decay_steps", self.decay_steps, above=0)

    def __call__(self, iteration: int) -> float:
        """(initial - end) (1 - iteration / steps)^power + end."""
        cycles = max(1, math.ceil(iteration / self.decay_steps)) if self.cycle else 1
        steps = self.decay_steps * cycles
        left = 1 - min(iteration, steps) / steps
        way = self.initial_learning_rate - self.end_learning_rate
        return float(way * left**self.power + self.end_learning_rate)


@dataclass(frozen=True)
class CosineDecay(metaclass=DescriptionType):
    """Half a cosine, from `initial_learning_rate` down to `alpha` times that, then constant.

    With a `warmup_target` it first rises to that, along a straight line in `warmup_steps`
    iterations, and comes down from there.

    Raises:
        ArgumentError: a number is negative or not finite, or decay_steps not positive.
        ValueError: warmup_steps without a warmup_target, or the reverse (Keras takes either).

    Source: Loshchilov & Hutter 2017, SGDR, without the restarts.
    """

    initial_learning_rate: float
    decay_steps: int
    alpha: float = 0.0
    warmup_target: float | None = None
    warmup_steps: int = 0

    def __post_init__(self) -> None:
        number("CosineDecay initial_learning_rate", self.initial_learning_rate, low=0)
        number("CosineDecay alpha", self.alpha, low=0)
        number("CosineDecay decay_steps", self.decay_steps, above=0)
        number("CosineDecay warmup_steps", self.warmup_steps, low=0)
        if self.warmup_target is not None:
            number("CosineDecay warmup_target", self.warmup_target, low=0)
        if (self.warmup_target is None) != (self.warmup_steps == 0):
            raise ValueError(
                f"CosineDecay: warmup_target={self.warmup_target!r} and "
                f"warmup_steps={self.warmup_steps!r}; give both or neither"
            )

    def __call__(self, iteration: int) -> float:
        """top * (alpha + (1 - alpha) (1 + cos(pi t)) / 2).

        t goes from 0 to 1 in the decay_steps iterations after the warm-up; top is its target, or
        initial_learning_rate.
        """
        top, past = self.initial_learning_rate, iteration - self.warmup_steps
        if self.warmup_target is not None:
            if past < 0:
                risen = iteration / self.warmup_steps
                return top + (self.warmup_target - top) * risen
            top = self.warmup_target
        cosine = 0.5 * (1.0 + math.cos(math.pi * min(past, self.decay_steps) / self.decay_steps))
        return top * (self.alpha + (1.0 - self.alpha) * cosine)


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
