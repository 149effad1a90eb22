"""What is done to a product's results while they are in the cache: bias and activation.

A pass of its own over them would read and write the main memory once more for each. The bits are
those of such passes.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from ..ops import Array, Curve
from . import launch, parallel, vectormath
from .jit import compiled
from .launch import constants, read, repeats

FUNCTIONS = {"": 1, "relu": 2, "elu": 3, "sigmoid": 4, "tanh": 5}
"""The number by which compiled code knows what follows the bias; 0: not even that is added."""
_, RELU, ELU, SIGMOID, TANH = FUNCTIONS.values()

NONE = -0.0
"""The bias that changes no bit of any number, not even of -0.0."""


class Finish(NamedTuple):
    """A bias to add, and the function to apply to what comes of that."""

    bias: Array
    """That of each channel, over and over."""
    function: int
    """One of FUNCTIONS, or 0."""
    first: Any
    """The function's arguments; 0 where it has fewer."""
    second: Any
    third: Any


def finish(bias: Array | None, activation: Curve | None, channels: int, dtype: Any) -> Finish:
    """For products of a dtype, with so many channels."""
    if bias is None and activation is None:
        return NOTHING[dtype.itemsize]
    added = np.full(channels, NONE, dtype) if bias is None else bias
    number = repeats(channels)
    repeated = read(np.concatenate([added] * number) if number > 1 else added)
    return Finish(repeated, *function_of(activation, dtype))


@functools.lru_cache(maxsize=256)
def function_of(activation: Curve | None, dtype: Any) -> tuple[int, Any, Any, Any]:
    """Its number and arguments, as they are in a Finish."""
    op, arguments = activation or ("", ())
    first, second, third = constants(dtype, (*arguments, 0.0, 0.0, 0.0)[:3])
    return FUNCTIONS[op], first, second, third


NOTHING = {
    np.dtype(dtype).itemsize: Finish(read(np.empty(0, dtype)), 0, dtype(0), dtype(0), dtype(0))
    for dtype in (np.float32, np.float64)
}
"""For products that stay as they are, by the size of a number."""


@compiled(inline=True)
def from_channel(finish: Finish, channel: int) -> Finish:
    """For results that begin at a channel, and end before the last one or with it."""
    return Finish(finish.bias[channel:], finish.function, finish.first, finish.second, finish.third)


@compiled()
def finish_run(y: Array, start: int, count: int, finish: Finish) -> None:
    """Finish y[start : start + count] of a flat array: whole pixels, or channels of one."""
    bias, function, first, second, third = finish
    for begin in range(0, count, bias.size):
        row = y[start + begin : start + min(begin + bias.size, count)]
        if function == RELU:
            add_relu(row, bias, first, second, third)
        elif function == ELU:
            add_elu(row, bias, first)
        elif function == SIGMOID:
            add_sigmoid(row, bias)
        elif function == TANH:
            add_tanh(row, bias)
        else:
            for i in range(row.size):
                row[i] += bias[i]


@compiled()
def add_relu(row: Array, bias: Array, slope: float, ceiling: float, knee: float) -> None:
    """relu(row + bias)."""
    for i in range(row.size):
        row[i] = vectormath.relu(row[i] + bias[i], slope, ceiling, knee)


@compiled()
def add_elu(row: Array, bias: Array, alpha: float) -> None:
    """elu(row + bias)."""
    for i in range(row.size):
        row[i] = vectormath.elu(row[i] + bias[i], alpha)


@compiled()
def add_sigmoid(row: Array, bias: Array) -> None:
    """sigmoid(row + bias)."""
    for i in range(row.size):
        row[i] = vectormath.sigmoid(row[i] + bias[i])


@compiled()
def add_tanh(row: Array, bias: Array) -> None:
    """tanh(row + bias)."""
    for i in range(row.size):
        row[i] = vectormath.tanh(row[i] + bias[i])


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
    if finish.function == 0:
        return
    numbers, columns = y.reshape(-1), y.shape[1]
    if right - left == columns:
        finish_run(numbers, first * columns, (stop - first) * columns, finish)
    else:
        own = from_channel(finish, left)
        for row in range(first, stop):
            finish_run(numbers, row * columns + left, right - left, own)


@compiled()
def _finish_pixels(block: int, _: int, edges: Array, y: Array, finish: Finish) -> None:
    left: Any = np.int64(0)  # 0 as it stands would be a type of its own
    finish_block(y, edges[block], edges[block + 1], left, y.shape[1], finish)


def finish_all(y: Array, finish: Finish) -> None:
    """Finish an array (..., C) of whole pixels, by a pass of its own."""
    pixels = y.reshape(-1, y.shape[-1])
    if finish.function:
        edges = parallel.edges(len(pixels), max(parallel.GRAIN // pixels.shape[1], 1))
        launch.each(_finish_pixels, len(edges) - 1, edges, pixels, finish)
