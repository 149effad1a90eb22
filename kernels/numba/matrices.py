"""Matrix products by the micro-kernel, or by BLAS where it is faster.

A task multiplies some rows of A by some columns of B. It copies a chunk of the sum of these columns
at a time, into a panel that stays in the cache while the rows pass by; where rows are few and
columns fill vectors, it reads them where they lie.
"""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np

from ..ops import Array
from . import blas, launch, memory, parallel
from .calls import call_at
from .finish import NOTHING, Finish, finish_block
from .jit import compiled
from .launch import flat
from .microkernel.panels import COPIED, fill
from .microkernel.sweep import BLOCK, CHUNK, Left, Product, Result, Right, sweep_address, table
from .microkernel.target import TARGET
from .recent import remembered

LEAST_FLOP = 1 << 21
"""Floating-point operations: BLAS is through with fewer before this is begun."""

FEW_ROWS = 256
"""Of A: with more of them a copy of B in order repays."""

TASKS = 8
"""Tasks at least, if there are rows enough."""

FEW_TASKS = 4
"""Tasks at least, if need be with narrower panels."""

ROWS = 64, 240
"""Of A in a task, at least and at most: each copies its columns of B once more."""

MANY_ROWS = 20 * BLOCK
"""At most where A is read across and the copy is short: tiles fetch the rows below, and 160,000
rows of 32 numbers take 0.7 times as long."""

VECTORS = 2
"""Of columns of B in a task at least."""


class Lying(NamedTuple):
    """Where the numbers of a matrix lie. Distances count elements."""

    numbers: Array
    """A flat array, read-only."""
    row: int
    """From one row to the next."""
    column: int
    """From one column to the next."""


def lying(matrix: Array) -> Lying:
    """A matrix as it lies if it, or its transpose, is contiguous, else a copy."""
    rows, columns = matrix.shape
    if matrix.T.flags.c_contiguous and not matrix.flags.c_contiguous:
        return Lying(flat(matrix.T), 1, rows)
    return Lying(flat(matrix), columns, 1)


def product(a: Array, b: Array, finish: Finish, out: Array | None = None) -> Array:
    """(M, K) @ (K, N) -> (M, N), finished. Transposed views are taken as they are."""
    rows, columns = a.shape[0], b.shape[1]
    few = max(rows, columns) <= blas.BLOCK_LINES  # it has an algorithm for them
    small = 2 * a.size * columns < LEAST_FLOP
    return (blas.product if few or small else product_of_tiles)(a, b, finish, out)


def product_of_tiles(a: Array, b: Array, finish: Finish, out: Array | None = None) -> Array:
    """`product` by the micro-kernel."""
    (rows, depth), columns = a.shape, b.shape[1]
    left, right, lanes = lying(a), lying(b), TARGET.lanes(a.itemsize)
    there = right.column == 1 and columns % lanes == 0 and rows <= FEW_ROWS
    across = left.column != 1 and depth <= CHUNK
    blocks = block_table(rows, columns, lanes, MANY_ROWS if across else ROWS[1])
    places = tables(rows, depth, columns, left.row, left.column, right.row)
    y = memory.empty((rows, columns), a.dtype) if out is None else out
    seats = parallel.threads()
    width = min(TARGET.columns(a.itemsize), -(-columns // lanes) * lanes)
    launch.each(
        multiply_there if there else multiply_copies,
        len(blocks),
        sweep_address(a.dtype),
        blocks,
        places,
        Left(left.numbers, places.a, 0, places.none, left.column),
        right,
        Result(y.reshape(-1), places.c, 0),
        NOTHING[a.itemsize],
        y,
        finish,
        *(() if there else [memory.empty((seats, 1, min(depth, COPIED), width), a.dtype)]),
        seats=seats,
    )
    return y


@remembered
def block_table(rows: int, columns: int, lanes: int, most: int) -> Array:
    """First and stop row, first and stop column of each task, of so many rows at most. int64."""
    vectors, wide = -(-columns // lanes), TARGET.vectors
    fewest, _ = ROWS
    if -(-vectors // wide) * max(rows // fewest, 1) < FEW_TASKS:
        wide = min(max(-(-vectors // FEW_TASKS), VECTORS), wide)
    some = parallel.pieces(slice(0, columns), wide * lanes)
    count = max(min(-(-TASKS // len(some)), rows // fewest), -(-rows // most), 1)
    high = -(-rows // count)
    pairs = itertools.product(parallel.pieces(slice(0, rows), high), some)
    return np.array([(r.start, r.stop, c.start, c.stop) for r, c in pairs], np.int64)


class Tables(NamedTuple):
    """Where rows begin, and what is multiplied. int64."""

    a: Array
    b: Array
    c: Array
    none: Array
    """A place of 0."""
    chunks: Array
    """A product for each chunk of the sum, of all rows; see `sweep`."""
    whole: Array
    """One product for the whole sum."""


@remembered
def tables(rows: int, depth: int, columns: int, row: int, step: int, b_row: int) -> Tables:
    """For matrices whose rows and numbers are so far apart."""
    chunks, whole = (
        table(
            Product(k.start * step, 0, 0, 0, 1, k.stop - k.start, 0, rows, 0, rows)
            for k in parallel.pieces(slice(0, depth), size)
        )
        for size in (COPIED, depth)
    )
    places = (np.arange(rows) * row, np.arange(depth) * b_row, np.arange(rows) * columns)
    return Tables(*places, np.zeros(1, np.int64), chunks, whole)


FIRST, STOP = Product._fields.index("first"), Product._fields.index("stop")


@compiled()
def multiply_there(
    task: int,
    _: int,
    sweeping: int,
    blocks: Array,
    places: Tables,
    left: Left,
    right: Lying,
    result: Result,
    nothing: Finish,
    y: Array,
    finish: Finish,
) -> None:
    """A block of rows and columns, where B lies."""
    top, bottom, first, stop = blocks[task]
    own = places.whole.copy()
    own[0, FIRST], own[0, STOP] = top, bottom
    panels = Right(right.numbers[first:], places.none, right.row, 0)
    target = Result(result.numbers[first:], result.rows, 0)
    call_at(sweeping, (left, panels, target, own, stop - first, False, nothing))
    finish_block(y, top, bottom, first, stop, finish)


@compiled()
def multiply_copies(
    task: int,
    seat: int,
    sweeping: int,
    blocks: Array,
    places: Tables,
    left: Left,
    right: Lying,
    result: Result,
    nothing: Finish,
    y: Array,
    finish: Finish,
    scratch: Array,
) -> None:
    """A block of rows and columns, from copies of some rows of B at once."""
    top, bottom, first, stop = blocks[task]
    panel = scratch[seat]
    panels = Right(panel.reshape(-1), places.none, panel.shape[2], 0)
    target = Result(result.numbers[first:], result.rows, 0)
    none: Any = np.int64(0)  # 0 as it stands would be a type of its own
    for number in range(len(places.chunks)):
        own = places.chunks[number : number + 1].copy()
        own[0, FIRST], own[0, STOP] = top, bottom
        rows = places.b[number * COPIED : number * COPIED + COPIED]
        source = right.numbers[first * right.column :]
        fill(source, rows, right.column, stop - first, none, rows.size, panel)
        call_at(sweeping, (left, panels, target, own, stop - first, number > 0, nothing))
    finish_block(y, top, bottom, first, stop, finish)
