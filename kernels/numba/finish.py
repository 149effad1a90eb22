"""What is done to a product's results while they are in the cache: bias and activation.

A pass of its own over them would read and write the main memory once more for each. The bits are
those of such passes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..ops import Array, Curve
from . import vectormath
from .jit import compiled
from .launch import WIDTH, constants, read

FUNCTIONS = {"relu": 1, "elu": 2, "sigmoid": 3, "tanh": 4}
"""The number by which compiled code knows an activation; 0 is none."""
RELU, ELU, SIGMOID, TANH = FUNCTIONS.values()


class Finish(NamedTuple):
    """A bias to add, and the function to apply to what comes of that."""

    bias: Array
    """That of each channel, over and over. Empty: none."""
    function: int
    """One of FUNCTIONS, or 0."""
    first: Any
    """The function's arguments; 0 where it has fewer."""
    second: Any
    third: Any

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.bias.size or self.function)

    def at(self, channel: int) -> Finish:
        """For results that begin at a channel, and end before the last one or with it."""
        return self._replace(bias=self.bias[channel:]) if channel and self.bias.size else self


def finish(bias: Array | None, activation: Curve | None, dtype: np.dtype[Any]) -> Finish:
    """For products of a dtype."""
    if bias is None and activation is None:
        return NOTHING[dtype.itemsize]
    repeated = NOTHING[dtype.itemsize].bias
    if bias is not None:
        repeated = read(np.tile(bias, max(-(-WIDTH // bias.size), 1)))
    if activation is None:
        return NOTHING[dtype.itemsize]._replace(bias=repeated)
    padded = (*activation.arguments, 0.0, 0.0, 0.0)[:3]
    return Finish(repeated, FUNCTIONS[activation.op], *constants(dtype, padded))


NOTHING = {
    np.dtype(dtype).itemsize: Finish(read(np.empty(0, dtype)), 0, dtype(0), dtype(0), dtype(0))
    for dtype in (np.float32, np.float64)
}
"""For products that stay as they are, by the size of a number."""


@compiled()
def finish_run(y: Array, start: int, count: int, finish: Finish) -> None:
    """Finish y[start : start + count] of a flat array: whole pixels, or channels of one."""
    bias, function, first, second, third = finish
    step = bias.size if bias.size else count
    for begin in range(0, count, step):
        row = y[start + begin : start + min(begin + step, count)]
        if bias.size:
            for i in range(row.size):
                row[i] += bias[i]
        if function == RELU:
            for i in range(row.size):
                row[i] = vectormath.relu(row[i], first, second, third)
        elif function == ELU:
            for i in range(row.size):
                row[i] = vectormath.elu(row[i], first)
        elif function == SIGMOID:
            for i in range(row.size):
                row[i] = vectormath.sigmoid(row[i])
        elif function == TANH:
            for i in range(row.size):
                row[i] = vectormath.tanh(row[i])


@compiled()
def finish_rows(y: Array, rows: Array, columns: int, finish: Finish) -> None:
    """Finish as many numbers of a flat array from each of these places on."""
    m = 0
    while m < rows.size:
        stop = m + 1
        while stop < rows.size and rows[stop] == rows[stop - 1] + columns:  # they are neighbours
            stop += 1
        finish_run(y, rows[m], (stop - m) * columns, finish)
        m = stop


@compiled()
def finish_block(y: Array, first: int, stop: int, left: int, right: int, finish: Finish) -> None:
    """Finish rows `first` to `stop` of a matrix, columns `left` to `right`."""
    numbers, columns = y.reshape(-1), y.shape[1]
    if right - left == columns:
        finish_run(numbers, first * columns, (stop - first) * columns, finish)
    else:
        for row in range(first, stop):
            finish_run(numbers, row * columns + left, right - left, finish)
