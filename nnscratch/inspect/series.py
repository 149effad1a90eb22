"""Series: the statistics of arrays over the steps of a training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from nnscratch.kernels.ops import STATISTICS, Array
from nnscratch.training.growing import Growing

Tensor = tuple[str, str]
"""What a series is of: a call's key or a weight's path, and a quantity such as "output"."""

CAPACITY = 64
"""Steps that a new book has room for; later the room doubles."""
SHARES = slice(STATISTICS.index("zeros"), STATISTICS.index("saturated") + 1)
"""The columns that count a part of the entries."""


class Book:
    """A page for each step: its index, its loss and a row of statistics for each tensor.

    The pages lie in arrays whose room grows geometrically. The page that is being written lies
    behind the last one: what is on it counts when it is turned, all at once, so a step that is
    interrupted leaves no half a page.
    """

    def __init__(self) -> None:
        self.length = 0
        self.numbers: dict[Tensor, int] = {}
        self._index = np.empty(CAPACITY, np.int64)
        self._loss = np.empty(CAPACITY)
        self._rows = np.empty((CAPACITY, 0, len(STATISTICS)))  # (pages, tensors, columns)
        self._counts = np.empty((0, 2))  # (tensors, SHARES): the entries that shares are parts of

    @property
    def index(self) -> Array:
        """The index of each step, int64 (steps,)."""
        return self._index[: self.length]

    @property
    def loss(self) -> Array:
        """The loss of each step, (steps,)."""
        return self._loss[: self.length]

    @property
    def rows(self) -> Array:
        """The statistics, (steps, tensors, columns); NaN where a tensor was not seen."""
        return self._rows[: self.length, : len(self.numbers)]

    def open(self) -> None:
        """Begin the next page."""
        if self.length == len(self._rows):
            room = max(2 * self.length, CAPACITY)
            self._index, self._loss, self._rows = (
                np.concatenate([old, np.empty((room - len(old), *old.shape[1:]), old.dtype)])
                for old in (self._index, self._loss, self._rows)
            )
        self._rows[self.length] = np.nan

    def number(self, tensor: Tensor) -> int:
        """The place of a tensor on every page; a new one comes last."""
        if tensor not in self.numbers:
            self.numbers[tensor] = len(self.numbers)
            self._widen(len(self.numbers))
        return self.numbers[tensor]

    def _widen(self, tensors: int) -> None:
        """Make room for so many tensors on every page."""
        pages, room, columns = self._rows.shape
        if tensors > room:
            more = max(tensors, 2 * room) - room
            blank = np.full((pages, more, columns), np.nan)
            self._rows = np.concatenate([self._rows, blank], axis=1)
            self._counts = np.concatenate([self._counts, np.ones((more, 2))])

    def size(self, numbers: int | Array, sizes: int | Array, limited: bool = False) -> None:
        """Say how many entries some tensors have, and whether they can saturate.

        The share that is saturated of those that cannot is NaN.
        """
        self._counts[numbers, 0] = sizes
        self._counts[numbers, 1] = sizes if limited else np.nan

    def write(self, numbers: int | Array, rows: Array) -> None:
        """Put the statistics of some tensors, as `Ops.statistics` tells them, on the open page."""
        self._rows[self.length, numbers] = rows

    def turn(self, index: int, loss: float) -> None:
        """Close the open page: from here on it counts."""
        self._index[self.length], self._loss[self.length] = index, loss
        self._rows[self.length, :, SHARES] /= self._counts
        self.length += 1

    def series(self, tensor: Tensor) -> Series:
        """The statistics of one tensor."""
        return Series(self.rows[:, self.numbers[tensor]])

    def state(self) -> dict[str, Any]:
        """All that is written."""
        tensors = [list(tensor) for tensor in self.numbers]
        arrays = {"index": self.index, "loss": self.loss, "rows": self.rows}
        return {"tensors": tensors, **{name: Growing(array) for name, array in arrays.items()}}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Book:
        """A book in which this is written."""
        book = cls()
        book.numbers = {(name, what): n for n, (name, what) in enumerate(state["tensors"])}
        book._index, book._loss = np.array(state["index"]), np.array(state["loss"])
        book._rows = np.array(state["rows"])
        book.length = len(book._index)
        book._counts = np.ones((len(book.numbers), 2))
        return book


class Column:
    """One statistic of a series: float64 (steps,), read-only."""

    def __set_name__(self, owner: type[Series], name: str) -> None:
        self.place = STATISTICS.index(name)

    def __get__(self, series: Series, owner: type[Series]) -> Array:
        column: Array = series.rows[:, self.place]
        column.flags.writeable = False
        return column


class Series:
    """The statistics of one tensor over the recorded steps; NaN in steps that did not have it.

    Args:
        rows: (steps, columns), as `Book` holds them.
    """

    mean = Column()
    std = Column()
    """The root of the mean squared deviation from the mean."""
    min = Column()
    max = Column()
    norm = Column()
    """The Euclidean norm."""
    zeros = Column()
    """The share of entries that are exactly 0."""
    saturated = Column()
    """The share of entries at which the activation is flat; NaN of what is no such activation."""
    nan = Column()
    """How many entries are NaN. Where there are any, mean, std, min, max and norm are NaN."""
    inf = Column()
    """How many entries are infinite."""

    def __init__(self, rows: Array):
        self.rows = rows

    @property
    def largest(self) -> Array:
        """The largest magnitude of an entry: 0 is a proof that all are exactly 0."""
        largest: Array = np.maximum(np.abs(self.min), np.abs(self.max))
        return largest

    def __len__(self) -> int:
        return len(self.rows)

    def columns(self) -> dict[str, Array]:
        """The arrays by the names of the statistics."""
        return {name: getattr(self, name) for name in STATISTICS}

    def __repr__(self) -> str:
        return f"Series({len(self)} steps: {', '.join(STATISTICS)})"


@dataclass(frozen=True)
class CallTrack:
    """A call of a layer."""

    output: Series
    output_gradient: Series
    """The gradient of the loss by the output."""


@dataclass(frozen=True)
class WeightTrack:
    """A trained weight."""

    value: Series
    """As the step found it."""
    gradient: Series
    """The gradient of the loss with its penalty, before any clipping."""
    update: Series
    """What the optimizer asked to add."""

    @property
    def ratio(self) -> Array:
        """The norm of the update against that of the value; NaN where the value is all 0."""
        change, value = self.update.norm, self.value.norm
        ratio = np.full(len(value), np.nan)
        np.divide(change, value, out=ratio, where=value != 0)
        return ratio


CALL = tuple(entry.name for entry in fields(CallTrack))
WEIGHT = tuple(entry.name for entry in fields(WeightTrack))
"""The quantities that are recorded of a call, and of a weight."""
