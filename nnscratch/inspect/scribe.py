"""Scribe: measures the arrays of a step and writes their statistics into a book."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import numpy as np

from nnscratch.core.store import Arena, seal
from nnscratch.inspect.aside import Errands
from nnscratch.inspect.series import Book, Tensor
from nnscratch.kernels.ops import Array, Ops

LARGE = 1 << 15
"""Entries of an array that are worth measuring aside: handing it over takes some 5 us."""
NEVER = (math.nan, math.nan)
"""The limits of what cannot saturate."""

Result = TypeVar("Result")


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
    """Measures arrays, aside where that saves time, and writes a page of a book for each step."""

    def __init__(self, book: Book):
        self._pages = book
        self._errands = Errands()
        self._ended: tuple[int, float] | None = None
        self._places: dict[Tensor, Place] = {}
        self._weights: dict[str, Weights] = {}

    @property
    def book(self) -> Book:
        """The book with all steps that have ended."""
        self.settle()
        return self._pages

    def settle(self) -> None:
        """Wait for what is still being measured of the last step."""
        if self._ended is not None:
            outcomes = self._errands.wait()
            (index, loss), self._ended = self._ended, None
            for outcome in outcomes:
                outcome.deliver()
            self._pages.turn(index, loss)

    def begin(self, k: Ops) -> None:
        """Begin a page; one that was begun and not ended is forgotten."""
        self.book.open()
        self._k = k
        self._errands = Errands()

    def end(self, index: int, loss: float) -> None:
        """End the page of a step: it counts as soon as all is measured."""
        self._ended = index, loss

    def measure(self, tensor: Tensor, x: Array, limits: tuple[float, float] | None = None) -> None:
        """Write down the statistics of an array, which may saturate at some limits."""
        place = self._places.get(tensor) or self.expect(tensor)
        if x.size != place.size:
            place.size, place.bounds = x.size, seal(np.array([[0, x.size]]))
            self._pages.size(place.number, x.size, limited=limits is not None)
        self._write(place.number, x, place.bounds, limits or NEVER)

    def expect(self, tensor: Tensor) -> Place:
        """Make room for a tensor, which need not come."""
        return self._places.setdefault(tensor, Place(self._pages.number(tensor)))

    def arrange(self, what: str, paths: Sequence[str], arena: Arena) -> None:
        """Find some weights in arenas of this layout, for a quantity of theirs."""
        parts = [arena.layout.slices[path] for path in paths]
        bounds = np.array([[part.start, part.stop] for part in parts], np.int64).reshape(-1, 2)
        numbers = np.array([self._pages.number((path, what)) for path in paths], np.intp)
        self._pages.size(numbers, bounds[:, 1] - bounds[:, 0])
        self._weights[what] = Weights(numbers, seal(bounds))

    def measure_weights(self, what: str, arena: Arena) -> None:
        """Write down the statistics of all weights that were arranged."""
        weights = self._weights[what]
        self._write(weights.numbers, arena.buffer, weights.bounds, NEVER)

    def _write(
        self, numbers: int | Array, x: Array, bounds: Array, limits: tuple[float, float]
    ) -> None:
        if x.size < LARGE:
            self._pages.write(numbers, self._k.statistics(x, bounds, *limits))
        else:
            work = partial(self._k.statistics, x, bounds, *limits)
            self._errands.give(work, partial(self._pages.write, numbers))

    def later(self, work: Callable[[], Result], then: Callable[[Result], object]) -> None:
        """Have something else done by the end of the step; `then` gets its result."""
        self._errands.give(work, then)
