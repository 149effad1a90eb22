"""Tiles over a whole matrix, in an order that keeps what they read near the core.

After Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008, with the
roles of two caches exchanged. There a panel of B, as wide as a tile and a chunk of the sum deep,
stays in the first cache while rows of A pass by it, which were copied, one after another, and stay
in the second. Here A lies where it lies, its rows apart: what is read in order from the second
cache are panels of B, and some rows of A stay near until all panels have passed by them. So the
loops are, from the outside: blocks of rows, chunks of the sum, rows that stay near, panels, tiles.
Meanwhile tiles fetch what is next: where A is read across, as in gradients of kernels, lines of A
and B, else of B only, the first that each group of near rows has time for: with all of them long
sums took 1.08 times as long.
They stand in one function: cut into several, which hand on a tuple of addresses, small products
took 1.1 times as long.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...ops import Array
from ..calls import address
from ..finish import NOTHING, Finish, finish_rows
from ..jit import compiled
from ..launch import read
from .multiply_add import multiply_add
from .target import TARGET
from .tile import FEW, TALL, TILE_BYTES, UNROLLED

ROWS, VECTORS = TARGET.rows, TARGET.vectors
CHUNK = 128
"""Products of a sum that are added up before the next panel's turn: a tile is loaded and stored for
each chunk. With half of them the panels' chunks stay in the first cache, and kernel gradients take
1.02 times as long; with twice as many these take 1.04 to 1.15 times as long, and the others as
long."""
LONE_CHUNK = 8 * CHUNK
"""The same of short runs where two or three tiles of one vector are all there is: they read little,
and gradients of a few cells take 0.9 times as long."""
NEAR_BYTES = 1 << 14
"""Of rows that stay near, if those of a tile are not more: half of a first cache."""
BLOCK = 40 * ROWS
"""Rows of a block: its chunk is half of a second cache of 512 KiB, or less."""

MANY = 32 * ROWS
"""Rows of an image that are read from the tables as they are. Such a block ends with its image, so
its last tile may be a small one. Of fewer rows, those of several images are put together first,
which takes 2 cycles for each."""

LINE = 64
"""Bytes that a cache takes from the memory at once."""

FETCHED_BELOW = 16
"""Products of a sum, at least, for which it is worth fetching the rows below."""


class Product(NamedTuple):
    """One of the products of a sweep: a row of its table (int64)."""

    a: int
    """Where its A begins."""
    b: int
    """Where its B begins."""
    c: int
    """Where its C begins."""
    first_tap: int
    stop_tap: int
    depth: int
    first_row: int
    """Of those of an image."""
    stop_row: int
    first: int
    """Of the rows of all images."""
    stop: int


FIRST_ROW = Product._fields.index("first_row")
"""Of a product's numbers: this one and those behind it say which rows it has."""


def table(products: Iterable[Product]) -> Array:
    """What `sweep` takes."""
    return np.array(list(products), np.int64).reshape(-1, len(Product._fields))


class Left(NamedTuple):
    """A: where its rows are, and what they are sums over. Distances count elements, as below."""

    numbers: Array
    """A flat array, read-only."""
    rows: Array
    """For each row of an image, where it begins. int64, as are all tables."""
    image: int
    """From one image to the next."""
    taps: Array
    """From where a row begins to each of its runs."""
    step: int
    """From one number of a run to the next."""


class Right(NamedTuple):
    """B: panels of columns."""

    numbers: Array
    """A flat array, read-only."""
    taps: Array
    """For each run, where it begins in a panel."""
    step: int
    """From one row to the next."""
    panel: int
    """From one panel to the next."""


class Result(NamedTuple):
    """C: where its rows are."""

    numbers: Array
    """A flat array."""
    rows: Array
    """For each row of an image, where it begins."""
    image: int
    """From one image to the next."""


@compiled(inline=True)
def find(places: Array, start: int, first: int, stop: int, rows: Array, image: int) -> None:
    """Where rows start, start + 1, ... of all images are, of which each has rows first to stop.

    Args:
        places: to be filled.
        rows: where those of an image begin.
        image: from one image to the next.
    """
    number, row = divmod(start, stop - first)
    row += first
    here = number * image
    for m in range(places.size):
        places[m] = here + rows[row]
        row += 1
        if row == stop:
            here, row = here + image, first


@compiled(inline=True)
def same_rows(products: Array, number: int) -> bool:
    """Whether a product's rows are those of the one before, as at the points of a transform."""
    different = 0
    for field in range(FIRST_ROW, products.shape[1]):
        different += products[number, field] != products[number - 1, field]
    return different == 0


@compiled(inline=True)
def height(rows: int, narrow: bool) -> int:
    """Of the next tiles, above each other: of 25 rows 9, 9 and 7 where they are one vector wide."""
    most = TALL if narrow else ROWS
    return -(-rows // -(-rows // most))


@compiled(inline=True)
def count_beside(places: Array, beside: Array) -> None:
    """How many rows begin side by side from each one on; 0, where the first two do not."""
    beside[:] = 0
    if places.size > FEW and places[1] == places[0] + 1:
        count, behind = 0, places[0]
        for m in range(places.size - 1, -1, -1):
            count = count + 1 if places[m] + 1 == behind else 1
            behind = places[m]
            beside[m] = count


@compiled(inline=True)
def next_tiles(beside: Array, narrow: bool) -> tuple[int, int, int]:
    """Of the rows that are left: how high the next tiles are, how many, and if 1, of rows beside.

    Args:
        beside: for each row, see `count_beside`.
        narrow: whether tiles are one vector wide.
    """
    own = min(beside[0], beside.size) if narrow else 0
    if own <= FEW:
        rows = height(beside.size, narrow)
        return rows, beside.size // rows, 0
    rows, tiles = height(own, narrow), 1
    while (tiles + 1) * rows <= beside.size and beside[tiles * rows] >= rows:
        tiles += 1
    return rows, tiles, 1


@compiled()
def sweep(
    left: Left,
    right: Right,
    result: Result,
    products: Array,
    columns: int,
    adding: bool,
    finish: Finish,
) -> None:
    """C[m, n] (+)= sum over taps t and k < depth of A[m, t, k] B[t, k, n].

    Row m is row r of an image i: the rows of all images are counted through, those of a product
    from `first_row` to `stop_row` of each. Column n is column q of panel p. Then

        A[m, t, k]  is  a[i * image + rows[r] + taps[t] + k * step]
        B[t, k, n]      b[p * panel + taps[t] + k * step + q]
        C[m, n]         c[i * image + rows[r] + n]

    each from where the product's begins. A product without taps is 0. Products, see `Product`,
    follow one another. What C holds then is finished while it is in the cache.
    """
    a, a_rows, a_image, a_taps, a_step = left
    b, b_taps, b_step, b_panel = right
    c, c_rows, c_image = result
    size = a.itemsize
    width = TILE_BYTES // size
    found = np.empty((3, BLOCK), np.int64)
    a_at, c_at, beside = found[0], found[1], found[2]  # unpacked, they would not be dense
    a_data, b_data = np.int64(a.ctypes.data), np.int64(b.ctypes.data)
    c_data = np.int64(c.ctypes.data)
    for number in range(products.shape[0]):
        a_at_0, b_at_0, c_at_0, first_tap, stop_tap, depth = products[number, :6]
        first_row, stop_row, first, stop = products[number, 6:]
        chunk = max(min(depth, CHUNK), 1)
        lone = columns <= width // VECTORS and stop - first <= 3 * TALL and depth <= CHUNK // 4
        together = (LONE_CHUNK if lone else CHUNK) // chunk  # taps of a chunk
        many = stop_row - first_row >= MANY
        fits = not many and stop - first <= BLOCK
        known = number > 0 and fits and same_rows(products, number)
        start = first
        while start < stop:
            count, image, row = min(BLOCK, stop - start), 0, 0
            if many:
                image, row = divmod(start, stop_row - first_row)
                row += first_row
                count = min(count, stop_row - row)
                a_at, c_at = a_rows[row : row + count], c_rows[row : row + count]
            elif not known:
                a_at, c_at = found[0, :count], found[1, :count]
                find(a_at, start, first_row, stop_row, a_rows, a_image)
                find(c_at, start, first_row, stop_row, c_rows, c_image)
            if not known and 0 < columns % width <= width // VECTORS:
                count_beside(a_at, beside[:count])
            a_from = a_data + (a_at_0 + image * a_image) * size
            c_from = c_at_0 + image * c_image
            for tap in range(first_tap, stop_tap, together):
                taps = min(together, stop_tap - tap)
                for k in range(0, depth, chunk):
                    add = np.int64(adding or tap > first_tap or k > 0)
                    next_tap, next_k = tap, k + chunk
                    if next_k >= depth:
                        next_tap, next_k = tap + together, 0
                    a_next = b_next = a_data
                    a_lines = b_lines = fetching = in_order = 0
                    if next_tap < stop_tap and a_step == 1:
                        b_next = b_data + (b_at_0 + b_taps[next_tap] + next_k * b_step) * size
                        in_order = taps * chunk * b_step * size if b_step <= width else 0
                    elif next_tap < stop_tap:
                        a_next = a_from + (a_at[0] + a_taps[next_tap] + next_k * a_step) * size
                        b_next = b_data + (b_at_0 + b_taps[next_tap] + next_k * b_step) * size
                        a_lines, b_lines = -(-count * size // LINE), -(-columns * size // LINE)
                    elif many and a_step != 1 and depth >= FETCHED_BELOW and row + count < stop_row:
                        a_next = a_from + (a_rows[row + count] + a_taps[first_tap]) * size
                        a_lines = -(-count * size // LINE)
                    near = max(NEAR_BYTES // (TALL * taps * chunk * size), 1) * TALL
                    near = near if columns > width else count  # of one panel they pass by once
                    for top in range(0, count, near):
                        bottom = min(top + near, count)
                        for panel in range(-(-columns // width)):
                            column = panel * width
                            narrow, m = columns - column <= width // VECTORS, top
                            while m < bottom:
                                rows, tiles, alike = next_tiles(beside[m:bottom], narrow)
                                ahead, ahead_step = a_data, 0
                                passed = (m - top) // rows * taps * (chunk // UNROLLED) * LINE
                                if passed < in_order:
                                    ahead = b_next + panel * b_panel * size + passed
                                    ahead_step = LINE // size
                                elif fetching < b_lines:
                                    ahead, ahead_step = b_next + fetching * LINE, b_step
                                elif fetching < a_lines + b_lines:
                                    ahead, ahead_step = a_next + (fetching - b_lines) * LINE, a_step
                                if fetching < a_lines + b_lines:
                                    tiles, fetching = 1, fetching + 1
                                multiply_add(
                                    a,
                                    rows,
                                    alike,
                                    (
                                        a_from + k * a_step * size,
                                        np.int64(a_at[m:].ctypes.data),
                                        np.int64(a_taps[tap:].ctypes.data),
                                        a_step * size,
                                        b_data + (b_at_0 + panel * b_panel + k * b_step) * size,
                                        np.int64(b_taps[tap:].ctypes.data),
                                        b_step * size,
                                        c_data + (c_from + column) * size,
                                        np.int64(c_at[m:].ctypes.data),
                                        taps,
                                        min(chunk, depth - k),
                                        add,
                                        min(width, columns - column),
                                        tiles,
                                        ahead,
                                        ahead_step * size,
                                    ),
                                )
                                m += tiles * rows
            if stop_tap == first_tap and not adding:
                for m in range(count):
                    c[c_from + c_at[m] : c_from + c_at[m] + columns] = 0
            if finish.function:
                finish_rows(c[c_from:], c_at, columns, finish)
            start += count


@functools.cache
def sweep_address(dtype: np.dtype[Any]) -> int:
    """Where `sweep` is for numbers of a dtype, for `call_at`."""
    numbers, table = np.empty(0, dtype), np.empty(0, np.int64)
    source = read(numbers)
    return address(
        sweep,
        Left(source, table, 0, table, 0),
        Right(source, table, 0, 0),
        Result(numbers, table, 0),
        np.empty((0, len(Product._fields)), np.int64),
        0,
        False,
        NOTHING[dtype.itemsize],
    )
