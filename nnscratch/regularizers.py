"""Penalties on weights. Names, defaults and arithmetic are Keras 3's.

A regularizer gives the penalty, a scalar that is added to the loss, and its gradient, which is
added to the weight's. Both have the weight's own dtype: factors are kept as Python floats, which
do not widen a float32 array.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from nnscratch.core.arguments import number
from nnscratch.core.errors import DescriptionType, look_up

Array: TypeAlias = NDArray[Any]


@runtime_checkable
class Regularizer(Protocol):
    """A penalty on a weight, added to the loss."""

    def penalty(self, w: Array, /) -> Any:
        """The penalty, a scalar of w's dtype."""

    def gradient(self, w: Array, /) -> Array:
        """Its derivative, of w's shape and dtype."""


Identifier: TypeAlias = Regularizer | str | None
"""What names a regularizer in a layer's arguments."""


@dataclass(frozen=True)
class L1(metaclass=DescriptionType):
    """The sum of magnitudes. Pulls every weight to 0 equally hard: many become exactly 0.

    Raises:
        ArgumentError: the factor is negative or not finite.
    """

    l1: float = 0.01

    def __post_init__(self) -> None:
        object.__setattr__(self, "l1", number("L1 l1", self.l1, low=0))

    def penalty(self, w: Array) -> Any:
        """l1 * sum |w|."""
        return self.l1 * np.sum(np.abs(w))

    def gradient(self, w: Array) -> Array:
        """l1 * sign(w), where sign(0) = 0."""
        return self.l1 * np.sign(w)


@dataclass(frozen=True)
class L2(metaclass=DescriptionType):
    """The sum of squares. Pulls every weight to 0 in proportion to it.

    Raises:
        ArgumentError: the factor is negative or not finite.
    """

    l2: float = 0.01

    def __post_init__(self) -> None:
        object.__setattr__(self, "l2", number("L2 l2", self.l2, low=0))

    def penalty(self, w: Array) -> Any:
        """l2 * sum w^2, without the factor 1/2 that some texts have."""
        return self.l2 * np.sum(np.square(w))

    def gradient(self, w: Array) -> Array:
        """2 * l2 * w."""
        return 2.0 * self.l2 * w


@dataclass(frozen=True)
class L1L2(metaclass=DescriptionType):
    """Both. As in Keras the factors are 0 unless given.

    Raises:
        ArgumentError: a factor is negative or not finite.
    """

    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "l1", number("L1L2 l1", self.l1, low=0))
        object.__setattr__(self, "l2", number("L1L2 l2", self.l2, low=0))

    def penalty(self, w: Array) -> Any:
        """l1 * sum |w| + l2 * sum w^2."""
        return L1(self.l1).penalty(w) + L2(self.l2).penalty(w)

    def gradient(self, w: Array) -> Array:
        """l1 * sign(w) + 2 * l2 * w."""
        return L1(self.l1).gradient(w) + L2(self.l2).gradient(w)


NAMES: dict[str, type[L1] | type[L2] | type[L1L2]] = {"l1": L1, "l2": L2, "l1_l2": L1L2}
CLASS_NAMES = {kind.__name__: name for name, kind in NAMES.items()}


def get(identifier: Identifier) -> Regularizer | None:
    """The regularizer that is meant: itself, or the one of that name with its defaults.

    Raises:
        UnknownNameError: there is none of that name.
        TypeError: the identifier is neither a name nor an instance.
    """
    if isinstance(identifier, str):
        return look_up("regularizer", CLASS_NAMES.get(identifier, identifier), NAMES)()
    if identifier is None:
        return None
    if isinstance(identifier, type) or not isinstance(identifier, Regularizer):
        raise TypeError(
            f"regularizer: expected a name or an instance such as L2(1e-4), got {identifier!r}"
        )
    return identifier
