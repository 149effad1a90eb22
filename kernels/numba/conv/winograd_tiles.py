"""Squares of an image, and their places in Winograd's matrices: what is copied in and out.

An image's outputs are cut into tiles of m x m; the inputs of a tile are the (m + 2) x (m + 2) cells
that its windows cover. Tiles are numbered through all images. A transformed tile is a number for
each channel and each of (m + 2)^2 points; these lie in matrices (points, tiles, channels).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...geometry import Pair
from ...ops import Array
from ..finish import Finish, finish_run, from_channel
from ..jit import compiled
from ..microkernel.sweep import Product
from .winograd_maps import (
    gradient_2,
    gradient_4,
    input_2,
    input_4,
    kernel_2,
    kernel_4,
    output_2,
    output_4,
    upstream_2,
    upstream_4,
)

SIZE = 3
"""Of the kernel."""

SKEW = 16
"""Elements between the points: matrices of 4 KiB each would share a few places of the cache."""


class Weights(NamedTuple):
    """A kernel: of cell, channel k and filter n there is numbers[rows[cell, k] + n * step]."""

    numbers: Array
    """A flat array, read-only."""
    rows: Array
    """(9, C), int64."""
    step: int


def kernel_rows(shape: tuple[int, ...], turned: bool = False) -> Array:
    """Where the rows of a kernel (3, 3, C, O) begin, (9, C), or (9, O) of one turned round."""
    cells, channels, filters = np.arange(SIZE**2), shape[2], shape[3]
    own = np.arange(filters) if turned else np.arange(channels) * filters
    rows: Array = (cells[::-1] if turned else cells)[:, np.newaxis] * (channels * filters) + own
    return rows


@compiled(inline=True)
def whole(size: int) -> Array:
    """Where the only rows begin of a kernel (9, 1, size)."""
    return (np.arange(SIZE**2) * size).reshape(SIZE**2, 1)


def number_of_tiles(images: int, outputs: Pair, m: int) -> int:
    """Tiles of all images."""
    return images * -(-outputs[0] // m) * -(-outputs[1] // m)


PRODUCT = len(Product._fields)
"""Numbers that describe a product."""


@compiled()
def every_point(
    points: int, steps: tuple[int, int, int], depth: int, rows: int, count: int
) -> Array:
    """A product for each point: of one tap, with so many rows of an image, and of all."""
    products = np.empty((points, PRODUCT), np.int64)
    for point in range(points):
        row = products[point]
        row[0], row[1], row[2] = point * steps[0], point * steps[1], point * steps[2]
        row[3], row[4], row[5], row[6], row[7], row[8], row[9] = 0, 1, depth, 0, rows, 0, count
    return products


@compiled(inline=True)
def place(tile: int, m: int, outputs: tuple[int, int]) -> tuple[int, int, int]:
    """The image, row and column in which a tile of outputs begins."""
    across = -(-outputs[1] // m)
    image, rest = divmod(tile, -(-outputs[0] // m) * across)
    row, column = divmod(rest, across)
    return image, row * m, column * m


@compiled(inline=True)
def point_at(
    cells: Array, side: int, image: Array, outside: Array, n: int, row: int, column: int
) -> None:
    """Fill in the addresses of a square's cells: those outside of the image lie in `outside`."""
    _, height, width, channels = image.shape
    first, size = np.int64(image.ctypes.data), image.itemsize
    for i in range(side):
        for j in range(side):
            h, w = row + i, column + j
            if 0 <= h < height and 0 <= w < width:
                at = ((n * height + h) * width + w) * channels
                cells[i * side + j] = first + at * size
            else:
                cells[i * side + j] = np.int64(outside.ctypes.data)


@compiled()
def take_inputs(
    x: Array,
    zeros: Array,
    m: int,
    pads: tuple[int, int],
    outputs: tuple[int, int],
    first: int,
    count: int,
    channel: int,
    stop: int,
    points: Array,
    stride: int,
) -> None:
    """B^T D B of tiles first, first + 1, ... of x (N, H, W, C), channels `channel` to `stop`.

    To points[p * stride + t * (stop - channel)].
    """
    side, channels = m + 2, stop - channel
    cells, places = np.empty(side * side, np.int64), np.empty(side * side, np.int64)
    start, size = np.int64(points.ctypes.data), points.itemsize
    for t in range(count):
        n, row, column = place(first + t, m, outputs)
        point_at(cells, side, x, zeros, n, row - pads[0], column - pads[1])
        cells += channel * size
        for p in range(side * side):
            places[p] = start + (p * stride + t * channels) * size
        x_at, y_at = np.int64(cells.ctypes.data), np.int64(places.ctypes.data)
        if m == 4:
            input_4(points, x_at, y_at, channels)
        else:
            input_2(points, x_at, y_at, channels)


@compiled()
def put_outputs(
    points: Array,
    stride: int,
    m: int,
    first: int,
    count: int,
    y: Array,
    channel: int,
    stop: int,
    beyond: Array,
    finish: Finish,
) -> None:
    """A^T (.) A: tiles first, first + 1, ... of y (N, OH, OW, O), channels `channel` to `stop`.

    From points[p * stride + t * (stop - channel)]. They are finished. What a tile has beyond the
    edge of an image is written to `beyond` (O,).
    """
    side, channels = m + 2, stop - channel
    cells, places = np.empty(side * side, np.int64), np.empty(m * m, np.int64)
    start, size = np.int64(points.ctypes.data), points.itemsize
    for t in range(count):
        n, row, column = place(first + t, m, (y.shape[1], y.shape[2]))
        point_at(places, m, y, beyond, n, row, column)
        places += channel * size
        for p in range(side * side):
            cells[p] = start + (p * stride + t * channels) * size
        x_at, y_at = np.int64(cells.ctypes.data), np.int64(places.ctypes.data)
        if m == 4:
            output_4(points, x_at, y_at, channels)
        else:
            output_2(points, x_at, y_at, channels)
        if finish.function:
            finish_tile(y, n, row, column, m, channel, stop, finish)


@compiled(inline=True)
def finish_tile(
    y: Array, n: int, row: int, column: int, m: int, channel: int, stop: int, finish: Finish
) -> None:
    """Finish some channels of what a tile has inside of an image."""
    _, height, width, channels = y.shape
    numbers, own = y.reshape(-1), from_channel(finish, channel)
    columns = min(m, width - column)
    for i in range(row, min(row + m, height)):
        start = ((n * height + i) * width + column) * channels
        if stop - channel == channels:
            finish_run(numbers, start, columns * channels, finish)
        else:
            for j in range(columns):
                finish_run(numbers, start + j * channels + channel, stop - channel, own)


@compiled()
def take_upstream(
    dy: Array, zeros: Array, m: int, first: int, channel: int, stop: int, panels: Array
) -> None:
    """A dY A^T of tiles first, first + 1, ... of dy (N, OH, OW, O), channels `channel` to `stop`.

    To panels (points, P, tiles, width).
    """
    side = m + 2
    _, count, tiles, width = panels.shape
    cells, places = np.empty(m * m, np.int64), np.empty(side * side, np.int64)
    start, size = np.int64(panels.ctypes.data), panels.itemsize
    for t in range(tiles):
        n, row, column = place(first + t, m, (dy.shape[1], dy.shape[2]))
        point_at(cells, m, dy, zeros, n, row, column)
        for i in range(m * m):
            if cells[i] != np.int64(zeros.ctypes.data):
                cells[i] += channel * size
        for panel in range(count):
            for p in range(side * side):
                places[p] = start + ((p * count + panel) * tiles + t) * width * size
            x_at, y_at = np.int64(cells.ctypes.data), np.int64(places.ctypes.data)
            filled = min(width, stop - channel - panel * width)
            if m == 4:
                upstream_4(panels, x_at, y_at, filled)
            else:
                upstream_2(panels, x_at, y_at, filled)
            for i in range(m * m):
                if cells[i] != np.int64(zeros.ctypes.data):
                    cells[i] += width * size


@compiled()
def transform_kernel(
    kernel: Array, rows: Array, m: int, points: Array, stride: int, row: int, count: int
) -> None:
    """G K G^T of some rows, of `count` numbers each.

    From kernel[rows[cell, k]] on to points[p * stride + k * row] on.
    """
    size, first = kernel.itemsize, np.int64(kernel.ctypes.data)
    cells, places = np.empty(SIZE**2, np.int64), addresses(points, stride, (m + 2) * (m + 2))
    x_at, y_at = np.int64(cells.ctypes.data), np.int64(places.ctypes.data)
    for k in range(rows.shape[1]):
        for cell in range(SIZE**2):
            cells[cell] = first + rows[cell, k] * size
        if m == 4:
            kernel_4(points, x_at, y_at, count)
        else:
            kernel_2(points, x_at, y_at, count)
        places += row * size


@compiled()
def transform_gradient(
    points: Array, stride: int, row: int, m: int, gradient: Array, rows: Array, count: int
) -> None:
    """G^T (.) G of some rows, of `count` numbers each.

    From points[p * stride + k * row] on to gradient[rows[cell, k]] on.
    """
    size, first = gradient.itemsize, np.int64(gradient.ctypes.data)
    cells, places = addresses(points, stride, (m + 2) * (m + 2)), np.empty(SIZE**2, np.int64)
    x_at, y_at = np.int64(cells.ctypes.data), np.int64(places.ctypes.data)
    for k in range(rows.shape[1]):
        for cell in range(SIZE**2):
            places[cell] = first + rows[cell, k] * size
        if m == 4:
            gradient_4(points, x_at, y_at, count)
        else:
            gradient_2(points, x_at, y_at, count)
        cells += row * size


@compiled(inline=True)
def addresses(array: Array, step: int, count: int) -> Array:
    """Those of every step-th number of a flat array."""
    return np.int64(array.ctypes.data) + np.arange(count) * (step * array.itemsize)
