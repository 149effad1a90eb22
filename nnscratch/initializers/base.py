"""What an initializer is, and the two kinds of them."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnscratch.core.errors import DescriptionType

Shape: TypeAlias = tuple[int, ...]
Values: TypeAlias = NDArray[np.float64]


class Initializer(Protocol):
    """How a weight gets its first value."""

    def __call__(self, shape: Shape, rng: np.random.Generator, /) -> NDArray[Any]:
        """A new float64 array of that shape."""


@dataclass(frozen=True)
class Fixed(metaclass=DescriptionType):
    """Base of what draws nothing: equal shapes get equal values."""

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Values:
        """A new array of that shape; the generator is not used."""
        return self._fill(shape)

    @abstractmethod
    def _fill(self, shape: Shape) -> Values: ...


@dataclass(frozen=True, kw_only=True)
class Random(metaclass=DescriptionType):
    """Base of what draws: from the generator given, or anew from its own seed at every call."""

    seed: int | None = None

    def __call__(self, shape: Shape, rng: np.random.Generator) -> Values:
        """A new array of that shape; with a seed of its own, the generator is not used."""
        return self._draw(shape, rng if self.seed is None else np.random.default_rng(self.seed))

    @abstractmethod
    def _draw(self, shape: Shape, rng: np.random.Generator) -> Values: ...
