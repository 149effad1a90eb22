"""Matrices in panels as wide as a tile: (P, K, columns). A tile reads one row after another.

Read in place, a tile's few columns would lie in a cache line of their own for each row, and where
rows are a power of two apart, in the same few places of the cache.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from ...ops import Array
from .. import launch, memory, parallel
from ..jit import compiled
from ..launch import flat
from .target import TARGET
from .vectors import INT, Vectors

VECTOR = TARGET.bytes

COPIED = 1024
"""Rows of a panel at most that a task copies at once, before it multiplies by them: 256 KiB with
AVX-512. Columns that are not neighbours are read along the rows, and what follows is fetched in
time only if that goes on for a while: with 128 rows at once, products of few rows by a transpose
took 1.05 to 2 times as long."""

MANY = 8
"""Panels, for threads to share."""


def move(typing: Any, like: Any, source: Any, target: Any) -> Any:
    """For compiled code: copy a vector's columns, from one address to another.

    A loop over them would be prepared for arrays that overlap, which takes longer than the copy.
    """

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        _, source, target = values
        vectors = Vectors(builder.module, like.dtype.bitwidth)
        vectors.builder = builder
        vectors.store(vectors.load(source), target)
        return context.get_dummy_value()

    return types.void(like, types.int64, types.int64), generate


copy_vector: Callable[..., None] = intrinsic(move)


def turn(
    typing: Any, like: Any, source: Any, step: Any, target: Any, width: Any, count: Any
) -> Any:
    """For compiled code: transpose a square that is a vector wide, or its first columns.

    Its rows lie `step` bytes apart from one address on, so many of its columns will lie `width`
    bytes apart. All of the square is read.
    """

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        _, source, step, target, width, count = values
        vectors = Vectors(builder.module, like.dtype.bitwidth)
        vectors.builder = builder
        places = [INT(n) for n in range(vectors.lanes)]
        rows = [vectors.load(builder.add(source, builder.mul(step, n))) for n in places]
        for n, column in zip(places, vectors.transposed(rows), strict=True):
            with builder.if_then(builder.icmp_signed("<", n, count)):
                vectors.store(column, builder.add(target, builder.mul(width, n)))
        return context.get_dummy_value()

    return types.void(like, *[types.int64] * 5), generate


turn_square: Callable[..., None] = intrinsic(turn)


@compiled()
def fill(
    source: Array, rows: Array, step: int, columns: int, first: int, stop: int, panels: Array
) -> None:
    """Fill rows `first` to `stop` of panels (P, K, width).

    Row k, column n of the matrix is source[rows[k] + n * step].

    What the last column's vector has beyond it is no leftover of other arrays: those may be
    denormal numbers, on which Intel's processors take a hundred times as long. Where columns are
    not neighbours in the source but rows are, squares of them are turned in registers, a vector of
    columns after the other: processors fetch ahead for 16 places at a time, but not for 64.
    """
    count, depth, width = panels.shape
    size = panels.itemsize
    lanes = VECTOR // size
    start, end = np.int64(source.ctypes.data), np.int64(panels.ctypes.data)
    if step == 1:
        full = columns // lanes  # vectors
        cut, last = columns - full * lanes, full * lanes // width
        place = full * lanes - last * width
        for k in range(first, stop):
            row, target = start + rows[k] * size, end + k * width * size
            for panel in range(count):
                for n in range(min(width // lanes, full - panel * (width // lanes))):
                    copy_vector(source, row + n * VECTOR, target + n * VECTOR)
                row += width * size
                target += depth * width * size
            left = rows[k] + full * lanes
            if cut and left + lanes <= source.size:
                at = end + ((last * depth + k) * width + place) * size
                copy_vector(source, start + left * size, at)
            elif cut:
                for n in range(cut):
                    panels[last, k, place + n] = source[left + n]
                panels[last, k, place + cut :] = 0
        return
    in_line = neighbours(rows[first:stop], stop - first)
    for panel in range(count):
        column = panel * width
        filled = min(width, columns - column)
        panels[panel, first:stop, filled:] = 0
        for n in range(0, filled, lanes):
            own, k = min(lanes, filled - n), first
            while k < stop:
                last = max(stop - lanes, first)
                if last < k and own == lanes and (in_line or neighbours(rows[last:stop], lanes)):
                    k = last  # a square that has some rows of the one before
                together = min(lanes, stop - k)
                if not (in_line or neighbours(rows[k:stop], together)):
                    together = 1
                there = rows[k] + (column + n) * step
                # Behind a few rows there may be nothing to read.
                if (
                    together > 1
                    and own == lanes
                    and there + own * step + lanes - step <= source.size
                ):
                    square = start + there * size
                    target = end + ((panel * depth + k) * width + n) * size
                    turn_square(source, square, step * size, target, width * size, together)
                else:
                    for row in range(k, k + together):
                        for m in range(n, n + own):
                            panels[panel, row, m] = source[rows[row] + (column + m) * step]
                k += together


def room_for_panels(shape: tuple[int, ...], dtype: np.dtype[Any], *columns: int) -> Array:
    """Memory for panels of so many columns, whose vectors' rests are no leftovers, see `fill`."""
    full = all(count % TARGET.lanes(dtype.itemsize) == 0 for count in columns)
    return (memory.empty if full else memory.zeros)(shape, dtype)


@compiled(inline=True)
def neighbours(rows: Array, count: int) -> bool:
    """Whether there are so many rows, and they follow one another."""
    following = 0
    for n in range(min(count, rows.size)):
        following += rows[n] == rows[0] + n
    return following == count


def pack(source: Array, rows: Array, step: int, columns: int) -> Array:
    """The matrix whose row k, column n is source.flat[rows[k] + n * step], in panels.

    They are as wide as a tile; a single one may be of fewer vectors. What is beyond the last column
    is no leftover, see `fill`, in any vector: Winograd's maps are applied to whole panels.
    """
    lanes = TARGET.lanes(source.itemsize)
    width = min(TARGET.columns(source.itemsize), -(-columns // lanes) * lanes)
    panels = memory.empty((-(-columns // width), len(rows), width), source.dtype)
    arguments = flat(source), rows, step, columns, panels
    if step != 1 and len(panels) >= MANY:  # a column's numbers lie side by side
        edges = parallel.edges(len(panels), -(-parallel.GRAIN // (len(rows) * width)))
        launch.each(_fill_panels, len(edges) - 1, edges, *arguments)
    else:
        edges = parallel.edges(len(rows), -(-parallel.GRAIN // columns), width)
        launch.each(_fill_rows, len(edges) - 1, edges, *arguments)
    return panels


@compiled()
def _fill_rows(
    block: int,
    _: int,
    edges: Array,
    source: Array,
    rows: Array,
    step: int,
    columns: int,
    panels: Array,
) -> None:
    first, stop = edges[block], edges[block + 1]
    fill(source, rows, step, columns, first, stop, panels)
    count, _, width = panels.shape
    lanes = VECTOR // panels.itemsize
    filled = -(-columns // lanes) * lanes - (count - 1) * width  # of the last panel
    panels[count - 1, first:stop, filled:] = 0


@compiled()
def _fill_panels(
    block: int,
    _: int,
    edges: Array,
    source: Array,
    rows: Array,
    step: int,
    columns: int,
    panels: Array,
) -> None:
    first, stop, width = edges[block], edges[block + 1], panels.shape[2]
    column, none = first * width, edges[0]
    count = min(stop * width, columns) - column
    fill(source[column * step :], rows, step, count, none, rows.size, panels[first:stop])
