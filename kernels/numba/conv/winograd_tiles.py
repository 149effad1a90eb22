"""Squares of an image, and their places in Winograd's matrices: what is copied in and out.

An image's outputs are cut into tiles of m x m; the inputs of a tile are the (m + 2) x (m + 2) cells
that its windows cover. Tiles are numbered through all images. A transformed tile is a number for
each channel and each of (m + 2)^2 points; these lie in matrices (points, tiles, channels).
"""

from __future__ import annotations

import numpy as np

from ...ops import Array
from ..finish import Finish, finish_run
from ..jit import compiled
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
    points: Array,
    stride: int,
) -> None:
    """B^T D B of tiles first, first + 1, ...: of x (N, H, W, C), to points[p * stride + t * C]."""
    side, channels = m + 2, x.shape[3]
    cells, places = np.empty(side * side, np.int64), np.empty(side * side, np.int64)
    start, size = np.int64(points.ctypes.data), points.itemsize
    for t in range(count):
        n, row, column = place(first + t, m, outputs)
        point_at(cells, side, x, zeros, n, row - pads[0], column - pads[1])
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
    beyond: Array,
    finish: Finish,
) -> None:
    """A^T (.) A: tiles first, first + 1, ... of y (N, OH, OW, O), from points[p * stride + t * O].

    They are finished. What a tile has beyond the edge of an image is written to `beyond` (O,).
    """
    side, channels = m + 2, y.shape[3]
    cells, places = np.empty(side * side, np.int64), np.empty(m * m, np.int64)
    start, size = np.int64(points.ctypes.data), points.itemsize
    for t in range(count):
        n, row, column = place(first + t, m, (y.shape[1], y.shape[2]))
        point_at(places, m, y, beyond, n, row, column)
        for p in range(side * side):
            cells[p] = start + (p * stride + t * channels) * size
        x_at, y_at = np.int64(cells.ctypes.data), np.int64(places.ctypes.data)
        if m == 4:
            output_4(points, x_at, y_at, channels)
        else:
            output_2(points, x_at, y_at, channels)
        if finish.function:
            finish_tile(y, n, row, column, m, finish)


@compiled(inline=True)
def finish_tile(y: Array, n: int, row: int, column: int, m: int, finish: Finish) -> None:
    """Finish what a tile has inside of an image."""
    _, height, width, channels = y.shape
    numbers = y.reshape(-1)
    length = min(m, width - column) * channels
    for i in range(row, min(row + m, height)):
        finish_run(numbers, ((n * height + i) * width + column) * channels, length, finish)


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
    kernel: Array, step: int, m: int, points: Array, stride: int, count: int
) -> None:
    """G K G^T: from kernel[cell * step + k] to points[p * stride + k], for all k < count."""
    cells, places = addresses(kernel, step, 9), addresses(points, stride, (m + 2) * (m + 2))
    x_at, y_at = np.int64(cells.ctypes.data), np.int64(places.ctypes.data)
    if m == 4:
        kernel_4(points, x_at, y_at, count)
    else:
        kernel_2(points, x_at, y_at, count)


@compiled()
def transform_gradient(
    points: Array, stride: int, m: int, gradient: Array, step: int, count: int
) -> None:
    """G^T (.) G: from points[p * stride + k] to gradient[cell * step + k], for all k < count."""
    cells, places = addresses(points, stride, (m + 2) * (m + 2)), addresses(gradient, step, 9)
    x_at, y_at = np.int64(cells.ctypes.data), np.int64(places.ctypes.data)
    if m == 4:
        gradient_4(points, x_at, y_at, count)
    else:
        gradient_2(points, x_at, y_at, count)


@compiled(inline=True)
def addresses(array: Array, step: int, count: int) -> Array:
    """Those of every step-th number of a flat array."""
    return np.int64(array.ctypes.data) + np.arange(count) * (step * array.itemsize)
