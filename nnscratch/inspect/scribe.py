"""Scribe: measures the arrays of a step and writes their statistics into a book."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nnscratch.core.store import Arena, host, seal
from nnscratch.inspect.series import Book, Tensor
from nnscratch.kernels.ops import Array, Ops

NEVER = (math.nan, math.nan)
"""The limits of what cannot saturate."""


@dataclass
class Place:
    """Where a tensor stands in the book, and what was last known of it."""

    number: int
    size: int = -1
    bounds: Array = field(default_factory=lambda: np.empty((1, 2), np.int64))


@dataclass
class Weights:
    """Where some weights stand in the book, and where they lie in their arena."""

    numbers: Array
    bounds: Array
    """(weights, 2)"""


class Scribe:
    """Measures arrays while they are at hand, and writes a page of a book for each step.

    A thread that measures while the training goes on was slower: a step's kernels keep every core
    busy.
    """

    def __init__(self, book: Book):
        self.book = book
        self._places: dict[Tensor, Place] = {}
        self._weights: dict[str, Weights] = {}

    def begin(self, k: Ops) -> None:
        """Begin a page; one that was begun and not ended is forgotten."""
        self.book.open()
        self._k = k

    def end(self, index: int, loss: float) -> None:
        """End the page of a step: from here on it counts."""
        self.book.turn(index, loss)

    def measure(self, tensor: Tensor, x: Array, limits: tuple[float, float] | None = None) -> None:
        """Write down the statistics of an array, which may saturate at some limits."""
        place = self._places.get(tensor) or self.expect(tensor)
        if x.size != place.size:
            place.size, place.bounds = x.size, seal(np.array([[0, x.size]]))
            self.book.size(place.number, x.size, limited=limits is not None)
        self._write(place.number, x, place.bounds, limits or NEVER)

    def expect(self, tensor: Tensor) -> Place:
        """Make room for a tensor, which need not come."""
        return self._places.setdefault(tensor, Place(self.book.number(tensor)))

    def arrange(self, what: str, paths: Sequence[str], arena: Arena) -> None:
        """Find some weights in arenas of this layout, for a quantity of theirs."""
        parts = [arena.layout.slices[path] for path in paths]
        bounds = np.array([[part.start, part.stop] for part in parts], np.int64).reshape(-1, 2)
        numbers = np.array([self.book.number((path, what)) for path in paths], np.intp)
        self.book.size(numbers, bounds[:, 1] - bounds[:, 0])
        self._weights[what] = Weights(numbers, seal(bounds))

    def measure_weights(self, what: str, arena: Arena) -> None:
        """Write down the statistics of all weights that were arranged."""
        weights = self._weights[what]
        self._write(weights.numbers, arena.buffer, weights.bounds, NEVER)

    def _write(
        self, numbers: int | Array, x: Array, bounds: Array, limits: tuple[float, float]
    ) -> None:
        self.book.write(numbers, host(self._k.statistics(x, bounds, *limits)))
