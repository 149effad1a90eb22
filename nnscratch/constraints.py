"""What weights must obey after every update. Names, defaults and arithmetic are Keras 3's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnscratch.core.arguments import ArgumentError, number, whole
from nnscratch.core.errors import DescriptionType, look_up

Array: TypeAlias = NDArray[Any]

EPSILON = 1e-7
"""Keras's epsilon(): keeps a norm of 0 from dividing."""


class Constraint(Protocol):
    """A projection of a weight onto what is allowed."""

    def __call__(self, w: Array, /) -> Array:
        """The weight that obeys, a new array of w's shape and dtype."""


Identifier: TypeAlias = Constraint | str | None
"""What names a constraint in a layer's arguments."""


@dataclass(frozen=True)
class MaxNorm(metaclass=DescriptionType):
    """Euclidean norms along `axis` of `max_value` at most.

    Args:
        max_value: the largest norm allowed.
        axis: the axis or axes that one norm sums over: 0 for the incoming weights of each unit of
            a dense kernel (in, out), (0, 1, 2) for the filters of a convolution kernel.

    Raises:
        ArgumentError: max_value is negative or not finite, or an axis is no whole number.
    """

    max_value: float = 2.0
    axis: int | Sequence[int] = 0

    def __post_init__(self) -> None:
        # A Python float does not widen a float32 weight, as a float64 scalar of NumPy would.
        object.__setattr__(self, "max_value", number("MaxNorm max_value", self.max_value, low=0))
        object.__setattr__(self, "axis", axes("MaxNorm axis", self.axis))

    def __call__(self, w: Array) -> Array:
        """w * min(norm, max_value) / (norm + 1e-7).

        As in Keras the small number also shrinks, by a factor 1 - 1e-7 / norm, what obeys already.
        """
        norm = lengths(w, self.axis)
        scale: Array = np.minimum(norm, self.max_value) / (norm + EPSILON)
        return w * scale


@dataclass(frozen=True)
class UnitNorm(metaclass=DescriptionType):
    """Euclidean norms along `axis` of 1.

    Args:
        axis: as for MaxNorm.

    Raises:
        ArgumentError: an axis is no whole number.
    """

    axis: int | Sequence[int] = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "axis", axes("UnitNorm axis", self.axis))

    def __call__(self, w: Array) -> Array:
        """w / (norm + 1e-7), as in Keras."""
        return w / (lengths(w, self.axis) + EPSILON)


@dataclass(frozen=True)
class MinMaxNorm(metaclass=DescriptionType):
    """Euclidean norms along `axis` between `min_value` and `max_value`.

    Args:
        min_value, max_value: the smallest and largest norm allowed.
        rate: how much of the way there a weight goes at each update.
        axis: as for MaxNorm.

    Raises:
        ArgumentError: a number is negative or not finite, the rate above 1, max_value below
            min_value, or an axis is no whole number.
    """

    min_value: float = 0.0
    max_value: float = 1.0
    rate: float = 1.0
    axis: int | Sequence[int] = 0

    def __post_init__(self) -> None:
        low = number("MinMaxNorm min_value", self.min_value, low=0)
        high = number("MinMaxNorm max_value", self.max_value, low=low)
        rate = number("MinMaxNorm rate", self.rate, low=0, high=1)
        for name, value in {"min_value": low, "max_value": high, "rate": rate}.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "axis", axes("MinMaxNorm axis", self.axis))

    def __call__(self, w: Array) -> Array:
        """w * (rate * clipped norm + (1 - rate) * norm) / (norm + 1e-7), as in Keras."""
        norm = lengths(w, self.axis)
        wanted = self.rate * np.clip(norm, self.min_value, self.max_value) + (1 - self.rate) * norm
        scale: Array = wanted / (norm + EPSILON)
        return w * scale


@dataclass(frozen=True)
class NonNeg(metaclass=DescriptionType):
    """No element below 0."""

    def __call__(self, w: Array) -> Array:
        """max(w, 0)."""
        return np.maximum(w, 0.0)


def axes(what: str, given: object) -> int | tuple[int, ...]:
    """One axis, or several."""
    if isinstance(given, Sequence) and not isinstance(given, str):
        return tuple(whole(what, axis) for axis in given)
    return whole(what, given)


def lengths(w: Array, axis: int | Sequence[int]) -> Array:
    """The Euclidean norms along the axes, with 1 in their place.

    Raises:
        ArgumentError: the weight has no such axis, or one is named twice.
    """
    summed = (axis,) if isinstance(axis, int) else axis
    places = {place % w.ndim for place in summed if -w.ndim <= place < w.ndim}
    if len(places) < len(summed):
        raise ArgumentError(
            f"constraint axis: expected axes of a weight {w.shape}, 0 to {w.ndim - 1}, each once, "
            f"got {axis}; 0 sums over what each unit of a dense kernel (in, out) reads"
        )
    norms: Array = np.sqrt(np.sum(np.square(w), axis=axis, keepdims=True))
    return norms


NAMES: dict[str, type[Any]] = {
    "max_norm": MaxNorm,
    "min_max_norm": MinMaxNorm,
    "non_neg": NonNeg,
    "unit_norm": UnitNorm,
}
CLASS_NAMES = {kind.__name__: name for name, kind in NAMES.items()}


def get(identifier: Identifier) -> Constraint | None:
    """The constraint that is meant: itself, or the one of that name with its defaults.

    Raises:
        UnknownNameError: there is none of that name.
        TypeError: the identifier is neither a name nor callable, or is a class.
    """
    if isinstance(identifier, str):
        constraint: Constraint = look_up(
            "constraint", CLASS_NAMES.get(identifier, identifier), NAMES
        )()
        return constraint
    if identifier is None:
        return None
    if isinstance(identifier, type) or not callable(identifier):
        raise TypeError(
            f"constraint: expected a name or an instance such as MaxNorm(2), got {identifier!r}"
        )
    return identifier
