"""What weights must obey after every update. Names, defaults and arithmetic are Keras 3's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnscratch.core.arguments import number, whole
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
        if isinstance(self.axis, Sequence) and not isinstance(self.axis, str):
            axes = tuple(whole("MaxNorm axis", axis) for axis in self.axis)
            object.__setattr__(self, "axis", axes)
        else:
            object.__setattr__(self, "axis", whole("MaxNorm axis", self.axis))

    def __call__(self, w: Array) -> Array:
        """w * min(norm, max_value) / (norm + 1e-7).

        As in Keras the small number also shrinks, by a factor 1 - 1e-7 / norm, what obeys already.
        """
        norm = np.sqrt(np.sum(np.square(w), axis=self.axis, keepdims=True))
        scale: Array = np.minimum(norm, self.max_value) / (norm + EPSILON)
        return w * scale


@dataclass(frozen=True)
class NonNeg(metaclass=DescriptionType):
    """No element below 0."""

    def __call__(self, w: Array) -> Array:
        """max(w, 0)."""
        return np.maximum(w, 0.0)


NAMES: dict[str, type[MaxNorm] | type[NonNeg]] = {"max_norm": MaxNorm, "non_neg": NonNeg}
CLASS_NAMES = {kind.__name__: name for name, kind in NAMES.items()}


def get(identifier: Identifier) -> Constraint | None:
    """The constraint that is meant: itself, or the one of that name with its defaults.

    Raises:
        UnknownNameError: there is none of that name.
        TypeError: the identifier is neither a name nor callable, or is a class.
    """
    if isinstance(identifier, str):
        return look_up("constraint", CLASS_NAMES.get(identifier, identifier), NAMES)()
    if identifier is None:
        return None
    if isinstance(identifier, type) or not callable(identifier):
        raise TypeError(
            f"constraint: expected a name or an instance such as MaxNorm(2), got {identifier!r}"
        )
    return identifier
