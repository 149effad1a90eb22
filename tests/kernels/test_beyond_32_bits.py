"""Arrays of more than 2^31 elements: compiled functions find the last ones.

The memory of such an array is asked for without being set aside, and only its end is touched.
"""

from __future__ import annotations

import math
import mmap

import numpy as np

from nnscratch.kernels import resolve
from nnscratch.kernels.geometry import Window
from nnscratch.kernels.numba import pool
from nnscratch.kernels.numba.conv import depthwise, winograd_tiles
from nnscratch.kernels.numba.finish import NOTHING, finish, finish_run
from nnscratch.kernels.numba.launch import flat, read
from nnscratch.kernels.numba.microkernel.panels import pack
from nnscratch.kernels.numba.microkernel.sweep import Left, Product, Result, Right, sweep, table
from nnscratch.kernels.numba.windows import gather, numbers
from nnscratch.kernels.ops import Array

NO_RESERVE = 0x4000
"""MAP_NORESERVE of Linux, which Python names from 3.13 on."""

SIDE, CHANNELS = 128, 2
IMAGES = 2**31 // (SIDE * SIDE * CHANNELS) + 1
LAST = IMAGES - 1
WINDOW = Window((3, 3), pads=((1, 1), (1, 1)))
IMAGE = np.random.default_rng(0).standard_normal((1, SIDE, SIDE, CHANNELS)).astype(np.float32)

oracle = resolve("numpy").ops


def sparse(*shape: int, dtype: str = "float32") -> Array:
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NO_RESERVE
    size = math.prod(shape) * np.dtype(dtype).itemsize
    return np.frombuffer(mmap.mmap(-1, size, flags=flags), dtype).reshape(shape)


def images() -> Array:
    """Many, and the last one is IMAGE."""
    x = sparse(IMAGES, SIDE, SIDE, CHANNELS)
    assert x.size > 2**31
    x[LAST] = IMAGE[0]
    return x


def test_the_rows_of_a_sweep() -> None:
    a, c = images().reshape(-1, CHANNELS), sparse(IMAGES * SIDE * SIDE, CHANNELS)
    b = np.float32([[1, 2], [3, 4]])
    zero, rows = np.zeros(1, np.int64), len(a)
    panels = pack(b, np.arange(2) * 2, 1, 2)
    sweep(
        Left(flat(a), zero, CHANNELS, zero, 1),
        Right(flat(panels), zero, panels.shape[2], panels[0].size),
        Result(c.reshape(-1), zero, CHANNELS),
        table([Product(0, 0, 0, 0, 1, CHANNELS, 0, 1, rows - 500, rows)]),
        CHANNELS,
        False,
        finish(np.float32([5, 6]), None, CHANNELS, c.dtype),
    )
    np.testing.assert_allclose(c[-500:], a[-500:] @ b + np.float32([5, 6]), rtol=0, atol=1e-5)
    assert not c[-501].any()


def test_what_begins_far_inside() -> None:
    c = sparse(2**31 + 8)
    c[-8:] = 1
    finish_run(c, 2**31, 8, finish(np.arange(8, dtype=np.float32), None, 8, c.dtype))
    np.testing.assert_array_equal(c[-9:], [0, *range(1, 9)])


def test_windows_as_rows() -> None:
    x, pixels = images(), SIDE * SIDE
    matrix = np.empty((1, pixels, 3, 3 * CHANNELS), np.float32)
    rows = read(x).reshape(IMAGES, SIDE, -1)
    gather(rows, numbers(WINDOW), (SIDE, SIDE), CHANNELS, LAST * pixels, matrix)
    kernel = np.random.default_rng(1).standard_normal((3, 3, CHANNELS, 4)).astype(np.float32)
    y = matrix.reshape(pixels, -1) @ kernel.reshape(-1, 4)
    expected = oracle.conv2d(IMAGE, kernel, WINDOW, 1).reshape(-1, 4)
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-4)


def test_winograds_tiles() -> None:
    x, y, m = images(), sparse(IMAGES, SIDE, SIDE, CHANNELS), 2
    tiles = (SIDE // m) ** 2
    points = np.empty((m + 2) ** 2 * tiles * CHANNELS, np.float32)
    stride, zeros = tiles * CHANNELS, np.zeros(CHANNELS, np.float32)
    place = (read(x), read(zeros), m, (1, 1), (SIDE, SIDE), LAST * tiles, tiles)
    winograd_tiles.take_inputs(*place, 0, CHANNELS, points, stride)
    one = points.copy()
    winograd_tiles.take_inputs(read(IMAGE), *place[1:5], 0, tiles, 0, CHANNELS, one, stride)
    np.testing.assert_array_equal(points, one)
    beyond, only = np.empty(CHANNELS, np.float32), np.empty_like(IMAGE)
    for first, target in ((LAST * tiles, y), (0, only)):
        whole = 0, CHANNELS, beyond, NOTHING[4]
        winograd_tiles.put_outputs(flat(one), stride, m, first, tiles, target, *whole)
    np.testing.assert_array_equal(y[LAST], only[0])
    assert only.any()


def test_lines_of_a_depthwise_convolution() -> None:
    x, y = images(), sparse(IMAGES, SIDE, SIDE, CHANNELS)
    kernel = np.random.default_rng(2).standard_normal((9, CHANNELS)).astype(np.float32)
    edges = np.array([LAST * SIDE, IMAGES * SIDE])
    depthwise.forward(0, 0, edges, read(x), read(kernel), numbers(WINDOW), y, NOTHING[4])
    expected = oracle.conv2d(IMAGE, kernel.reshape(3, 3, 1, CHANNELS), WINDOW, CHANNELS)
    np.testing.assert_allclose(y[LAST], expected[0], rtol=0, atol=1e-4)


def test_rows_of_a_pooling() -> None:
    window, rows = Window((2, 2), (2, 2)), SIDE // 2
    y, place = np.empty((rows, rows, CHANNELS), np.float32), np.empty((rows, rows, 2), np.uint8)
    pool._max_pool2d(read(images()), numbers(window), rows, LAST * rows, y, place)
    expected = oracle.max_pool2d(IMAGE, window)
    np.testing.assert_array_equal(y, expected[0][0])
    np.testing.assert_array_equal(place, expected[1][0])
