"""Copies: padding and concatenation. A task fills rows of the result, or some columns of them."""

from __future__ import annotations

from math import prod

import numpy as np

from .. import kernel
from ..geometry import Pair
from ..ops import Array
from . import launch, memory, parallel
from .jit import compiled
from .launch import flat, read
from .windows import copy_run


@compiled()
def _pad_block(block: int, _: int, edges: Array, x: Array, top: int, at: int, y: Array) -> None:
    """Rows of y (N, H + pads, W) from those of x (N, H, V), of which they begin at number `at`."""
    height = x.shape[1]
    for row in range(edges[block], edges[block + 1]):
        n, p = divmod(row, y.shape[1])
        real = 0 <= p - top < height
        source = x[n, p - top if real else 0]
        copy_run(source, at if real else source.size, y[n, p])


@kernel("pad", backend="numba")
def pad(x: Array, pads: tuple[Pair, Pair]) -> Array:
    """Row by row."""
    (top, bottom), (left, right) = pads
    n_images, height, width, channels = x.shape
    shape = (n_images, top + height + bottom, left + width + right, channels)
    y = memory.empty(shape, x.dtype)
    if not x.size:
        y[...] = 0
        return y
    lines = read(x).reshape(n_images, height, width * channels)
    edges = parallel.edges(n_images * shape[1], rows_worth(y.shape[2] * channels))
    written = y.reshape(n_images, shape[1], -1)
    launch.each(_pad_block, len(edges) - 1, edges, lines, top, -left * channels, written)
    return y


@compiled()
def _place(x: Array, at: int, y: Array) -> None:
    """Copy the rows of x (R, n) into columns of y, from `at` on."""
    for row in range(len(x)):
        source, target = x[row], y[row, at : at + x.shape[1]]
        for i in range(target.size):
            target[i] = source[i]


@compiled()
def copy(x: Array, y: Array) -> None:
    """Number by number: of `y[:] = x` Numba compiles a message, too, which takes seconds."""
    for i in range(y.size):
        y[i] = x[i]


@kernel("concatenate", backend="numba")
def concatenate(axis: int, *xs: Array) -> Array:
    """As matrices with a row for each place along the axes before: array after array."""
    axis %= xs[0].ndim
    before, after = xs[0].shape[:axis], xs[0].shape[axis + 1 :]
    y = memory.empty((*before, sum(x.shape[axis] for x in xs), *after), xs[0].dtype)
    if y.size < 2 * parallel.GRAIN:  # not worth a launch for each array
        return np.concatenate(xs, axis, out=y)
    rows, at = prod(before), 0
    written = y.reshape(rows, prod(y.shape[axis:]))
    for x in xs:
        columns = prod(x.shape[axis:])
        if rows == 1:
            edges = parallel.edges(columns, parallel.GRAIN, multiple=16)
            launch.blocks(copy, edges, [flat(x)], [], written[0, at : at + columns])
        else:
            edges = parallel.edges(rows, rows_worth(columns))
            launch.blocks(_place, edges, [read(x).reshape(rows, columns)], [at], written)
        at += columns
    return y


def rows_worth(columns: int) -> int:
    """How many rows of so many numbers are worth handing to another thread."""
    return max(parallel.GRAIN // max(columns, 1), 1)
