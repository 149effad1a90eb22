"""The generated machine code, piece by piece: tiles, sweeps, panels and transforms."""

from __future__ import annotations

import ctypes
import mmap
from typing import Any

import numpy as np
import pytest

from nnscratch.kernels.numba import memory
from nnscratch.kernels.numba.conv.winograd_maps import INPUT, KERNEL, OUTPUT, transposed
from nnscratch.kernels.numba.conv.winograd_tiles import transform_gradient, transform_kernel, whole
from nnscratch.kernels.numba.finish import NOTHING
from nnscratch.kernels.numba.launch import flat
from nnscratch.kernels.numba.microkernel import sweep as sweeping
from nnscratch.kernels.numba.microkernel.panels import pack
from nnscratch.kernels.numba.microkernel.sweep import Left, Product, Result, Right, sweep, table
from nnscratch.kernels.numba.microkernel.target import TARGET
from nnscratch.kernels.numba.microkernel.tile import TALL
from nnscratch.kernels.ops import Array

ZERO = np.zeros(1, np.int64)
GUARD = 7.0


def normal(*shape: int, dtype: str = "float64") -> Array:
    return np.random.default_rng(shape).standard_normal(shape).astype(dtype)


def matrix_product(a: Array, b: Array, c: Array, adding: bool = False) -> None:
    """Into c, whose rows may be longer than b's."""
    (_, depth), columns = a.shape, b.shape[1]
    panels = pack(b, np.arange(depth) * columns, 1, columns)
    sweep(
        Left(flat(a), ZERO, depth, ZERO, 1),
        Right(flat(panels), ZERO, panels.shape[2], panels[0].size),
        Result(c.reshape(-1), ZERO, c.shape[1]),
        table([Product(0, 0, 0, 0, 1, depth, 0, 1, 0, len(a))]),
        columns,
        adding,
        NOTHING[a.itemsize],
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tiles_of_every_size_write_their_own_places_only(dtype: str) -> None:
    widest = TARGET.columns(np.dtype(dtype).itemsize)
    tolerance = 1e-5 if dtype == "float32" else 1e-13
    for rows in (*range(1, TALL + 2), 2 * TALL + 1, 2 * TALL + TARGET.rows):
        for columns in range(1, widest + 1):
            for adding in (False, True):
                a, b = normal(rows, 5, dtype=dtype), normal(5, columns, dtype=dtype)
                c = np.full((rows, columns + widest), GUARD, dtype)
                matrix_product(a, b, c, adding)
                expected = a @ b + GUARD * adding
                np.testing.assert_allclose(c[:, :columns], expected, rtol=0, atol=tolerance * 10)
                assert (c[:, columns:] == GUARD).all()


@pytest.mark.parametrize("rows", [*range(1, 2 * TALL + 2), sweeping.BLOCK + TALL + 1])
def test_rows_that_begin_side_by_side(rows: int) -> None:
    together, columns = min(rows, 5 * TALL), TARGET.columns(8) // TARGET.vectors
    places = np.concatenate([np.arange(together), 3 * rows + np.arange(rows - together)])
    numbers, b = normal(9, 5 * rows), normal(9, columns)
    c = np.empty((rows, columns))
    panels = pack(b, np.arange(9) * columns, 1, columns)
    sweep(
        Left(flat(numbers), places, 0, ZERO, 5 * rows),
        Right(flat(panels), ZERO, panels.shape[2], panels[0].size),
        Result(c.reshape(-1), np.arange(rows) * columns, 0),
        table([Product(0, 0, 0, 0, 1, 9, 0, rows, 0, rows)]),
        columns,
        False,
        NOTHING[8],
    )
    np.testing.assert_allclose(c, numbers[:, places].T @ b, rtol=0, atol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_products_that_are_cut_into_blocks_and_chunks(dtype: str) -> None:
    rows, depth, columns = sweeping.BLOCK + 7, 2 * sweeping.CHUNK + 5, 3 * TARGET.columns(4) + 1
    a, b = normal(rows, depth, dtype=dtype), normal(depth, columns, dtype=dtype)
    c = np.empty((rows, columns), dtype)
    matrix_product(a, b, c)
    scale = np.abs(a @ b).max()
    np.testing.assert_allclose(
        c, a @ b, rtol=0, atol=scale * (1e-5 if dtype == "float32" else 1e-13)
    )


def test_products_of_the_same_rows_and_of_others_follow_one_another() -> None:
    images, height, depth, columns = sweeping.BLOCK, 3, 4, 5
    a, b = normal(2, images, height, depth), normal(2, depth, columns)
    many = 2 * images + 1  # more than a block
    rows = [(0, 3, 0, 6), (0, 3, 0, 6), (0, 3, 0, 7), (0, 3, 1, 7), (1, 3, 1, 7), (1, 2, 1, 7)]
    rows += [(0, 3, 0, many), (0, 3, 0, many), (0, 3, 0, 4)]
    c = np.full((len(rows), images, height, columns), GUARD)
    panels = pack(b, np.arange(2 * depth) * columns, 1, columns)
    width = panels.shape[2]
    products = [
        Product(n % 2 * a[0].size, n % 2 * depth * width, n * c[0].size, 0, 1, depth, *own)
        for n, own in enumerate(rows)
    ]
    sweep(
        Left(flat(a), np.arange(height) * depth, height * depth, ZERO, 1),
        Right(flat(panels), ZERO, width, panels[0].size),
        Result(c.reshape(-1), np.arange(height) * columns, height * columns),
        table(products),
        columns,
        False,
        NOTHING[8],
    )
    for n, (first_row, stop_row, first, stop) in enumerate(rows):
        expected = np.full(c[0].shape, GUARD)
        for number in range(first, stop):
            image, row = divmod(number, stop_row - first_row)
            expected[image, first_row + row] = a[n % 2, image, first_row + row] @ b[n % 2]
        np.testing.assert_allclose(c[n], expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("columns", [5, TARGET.columns(8)])
@pytest.mark.parametrize("beyond", [30, sweeping.BLOCK + 5])
def test_rows_of_large_images_are_cut_where_these_end(beyond: int, columns: int) -> None:
    images, height, depth = 2, sweeping.MANY + 3 + beyond, 4
    numbers, b = normal(depth, images * 2 * height), normal(depth, columns)
    first_row, stop_row = 2, height - 1
    rows = np.arange(height) + (np.arange(height) >= height - 16)  # a line, and another
    first, stop = stop_row - first_row - beyond, 2 * (stop_row - first_row) - 99
    panels = pack(b, np.arange(depth) * columns, 1, columns)
    c = np.full((2, images * height, columns), GUARD)
    own = (0, 1, depth, first_row, stop_row, first, stop)
    sweep(
        Left(flat(numbers), rows, 2 * height, ZERO, images * 2 * height),
        Right(flat(panels), ZERO, panels.shape[2], panels[0].size),
        Result(c.reshape(-1), np.arange(height) * columns, height * columns),
        table([Product(0, 0, 0, *own), Product(0, 0, c[0].size, *own)]),
        columns,
        False,
        NOTHING[8],
    )
    read = (rows + np.arange(images)[:, np.newaxis] * 2 * height)[:, first_row:stop_row]
    inside = np.arange(images * height).reshape(images, height)[:, first_row:stop_row]
    expected = np.full(c[0].shape, GUARD)
    written = inside.reshape(-1)[first:stop]
    expected[written] = numbers[:, read.reshape(-1)[first:stop]].T @ b
    np.testing.assert_allclose(c, [expected, expected], rtol=0, atol=1e-13)


def test_taps_are_added_up_a_chunk_at_a_time() -> None:
    taps, depth = sweeping.CHUNK // 8, 20  # several chunks, of several taps each
    a, b = normal(9, taps, depth), normal(taps, depth, 4)
    c = np.empty((9, 4))
    panels = pack(b, np.arange(taps * depth) * 4, 1, 4)
    width = panels.shape[2]
    sweep(
        Left(flat(a), ZERO, taps * depth, np.arange(taps) * depth, 1),
        Right(flat(panels), np.arange(taps) * depth * width, width, panels[0].size),
        Result(c.reshape(-1), ZERO, 4),
        table([Product(0, 0, 0, 0, taps, depth, 0, 1, 0, 9)]),
        4,
        False,
        NOTHING[8],
    )
    np.testing.assert_allclose(c, np.einsum("mtk,tkn->mn", a, b), rtol=1e-12)


def before_a_gap(array: Array) -> Array:
    """The same numbers; who reads what is behind them ends the process, where the system can."""
    if not hasattr(mmap, "PROT_READ"):
        return array
    pages = -(-array.nbytes // mmap.PAGESIZE)
    memory = mmap.mmap(-1, (pages + 1) * mmap.PAGESIZE)
    copy = np.frombuffer(memory, array.dtype, array.size, pages * mmap.PAGESIZE - array.nbytes)
    copy[:] = array.reshape(-1)
    end = ctypes.c_void_p(copy.ctypes.data + array.nbytes)
    assert ctypes.CDLL(None).mprotect(end, ctypes.c_size_t(mmap.PAGESIZE), 0) == 0
    return copy.reshape(array.shape)


@pytest.mark.parametrize("columns", [1, 15, 16, 17, 50, 64])
@pytest.mark.parametrize("depth", [1, 6, 8, 21, 40])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_panels_hold_the_matrix_and_its_transpose(
    columns: int, depth: int, turned: bool, dtype: str
) -> None:
    matrix = normal(columns, depth) if turned else normal(depth, columns)
    matrix = before_a_gap(matrix.astype(dtype))
    if turned:
        panels = pack(matrix, np.arange(depth), depth, columns)
        matrix = matrix.T
    else:
        panels = pack(matrix, np.arange(depth) * columns, 1, columns)
    whole = np.concatenate(list(panels), axis=1)[:, :columns]
    assert np.array_equal(whole, matrix)


@pytest.mark.parametrize("runs", [(40, 3), (3, 40), (16, 5, 16, 7)])
def test_panels_of_rows_some_of_which_are_neighbours(runs: tuple[int, ...]) -> None:
    """As of a kernel for its images' gradients: the channels of a cell."""
    starts = np.cumsum([0, *runs[:-1]]) + 2 * np.arange(len(runs))
    rows = np.concatenate([at + np.arange(run) for at, run in zip(starts, runs, strict=True)])
    source = normal(100, 70)
    panels = pack(source, rows, 70, 100)
    whole = np.concatenate(list(panels), axis=1)[:, :100]
    assert np.array_equal(whole, source[:, rows].T)


@pytest.mark.parametrize("columns", [3, TARGET.columns(4) + 1, TARGET.columns(4) + TARGET.lanes(4)])
@pytest.mark.parametrize("turned", [False, True])
def test_panels_hold_no_leftovers_that_would_slow_sums_down(
    turned: bool, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen on an Intel Xeon: with denormal numbers beside the columns 20 to 500 times as slow."""
    leftover = np.finfo("float32").smallest_subnormal

    def used_before(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        return np.full(shape, leftover, dtype)

    monkeypatch.setattr(memory, "empty", used_before)
    if turned:
        panels = pack(np.ones((columns, 40), "float32"), np.arange(40), 40, columns)
    else:
        panels = pack(np.ones((40, columns), "float32"), np.arange(40) * columns, 1, columns)
    assert not (panels == leftover).any()


@pytest.mark.parametrize("m", [2, 4])
@pytest.mark.parametrize("count", [1, 7, 8, 9, 40])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_transforms_are_the_matrices(m: int, count: int, dtype: str) -> None:
    tolerance = 1e-5 if dtype == "float32" else 1e-13
    points = (m + 2) ** 2
    kernel, there = normal(9, count, dtype=dtype), np.full((points, count + 3), GUARD, dtype)
    transform_kernel(flat(kernel), whole(count), m, there.reshape(-1), count + 3, 0, count)
    g = np.array(KERNEL[m])
    expected = np.einsum("ia,abk,jb->ijk", g, kernel.reshape(3, 3, count), g)
    np.testing.assert_allclose(there[:, :count], expected.reshape(points, count), atol=tolerance)
    assert (there[:, count:] == GUARD).all()

    there, back = normal(points, count, dtype=dtype), np.empty((9, count), dtype)
    transform_gradient(flat(there), count, 0, m, back.reshape(-1), whole(count), count)
    expected = np.einsum("ai,abk,bj->ijk", g, there.reshape(m + 2, m + 2, count), g)
    np.testing.assert_allclose(back, expected.reshape(9, count), atol=tolerance * 10)


@pytest.mark.parametrize("m", [2, 4])
def test_the_maps_filter(m: int) -> None:
    d, g, up = normal(m + 2), normal(3), normal(m)
    at, bt, gt = np.array(OUTPUT[m]), np.array(INPUT[m]), np.array(KERNEL[m])
    np.testing.assert_allclose(at @ ((gt @ g) * (bt @ d)), np.correlate(d, g), atol=1e-12)
    a = np.array(transposed(OUTPUT[m]))
    np.testing.assert_allclose(gt.T @ ((bt @ d) * (a @ up)), np.correlate(d, up), atol=1e-12)
