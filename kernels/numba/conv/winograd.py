"""Convolution with 3x3 kernels by Winograd's minimal filtering: a quarter of the multiplications.

`winograd_maps.py` says why that works. For F(4x4, 3x3) a tile of 16 outputs takes 36 products for
each pair of channels instead of 144, for F(2x2, 3x3) a tile of 4 takes 16 instead of 36. At each
point the products are a matrix product, tiles x channels x filters. A task takes some tiles through
all three steps, inputs to points, products, points to outputs, while they stay in the cache:
nothing of the size of the images is made.

The input's gradient is a convolution of the upstream gradient with the kernel turned round.

Strides and dilation of 1, one group. Not exact: zeros come out as rounding errors. The largest
error against float64, over the largest output: 2e-5 for F(4x4, 3x3), 2e-6 for F(2x2, 3x3), direct
convolution 1e-6.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from ...geometry import Pair, Window
from ...ops import Array
from .. import memory, parallel
from ..finish import NOTHING, Finish
from ..launch import flat, read
from ..microkernel.panels import pack
from ..microkernel.sweep import ROWS, Left, Product, Result, Right, sweep, table
from ..microkernel.target import TARGET
from .winograd_tiles import (
    put_outputs,
    take_inputs,
    take_upstream,
    transform_gradient,
    transform_kernel,
)

SIZE = 3
"""Of the kernel."""

SCRATCH = 1 << 20
"""Bytes of a task's points."""

SKEW = 16
"""Elements between the points: matrices of 4 KiB each would share a few places of the cache."""

GRADIENT_SCRATCH = 1 << 22
"""Bytes of the points that are summed over at once: a longer sum touches its result less often."""

TASKS = 8
"""Tasks at least, where there is enough to do."""

FILTERS = 128
"""Of a task of the kernel's gradient."""

PARTIAL_SUMS = 1 << 23
"""Elements of all the partial sums of a kernel's gradient, unless two sums are more."""


def fits(window: Window, groups: int) -> bool:
    """Whether these algorithms can do it."""
    return window[:3] == ((SIZE, SIZE), (1, 1), (1, 1)) and groups == 1


def conv2d(x: Array, kernel: Array, window: Window, m: int, finish: Finish) -> Array:
    """See `Ops.conv2d`; m is 2 or 4."""
    channels, filters = kernel.shape[2:]
    starts = kernel_rows(range(SIZE * SIZE), channels * filters, channels, filters)
    y = memory.empty((len(x), *window.output_size((x.shape[1], x.shape[2])), filters), x.dtype)
    pads = (window.pads[0][0], window.pads[1][0])
    convolve(x, pack(kernel, starts, 1, filters), pads, m, y, finish)
    return y


def conv2d_input_gradient(dy: Array, kernel: Array, window: Window, image: Pair, m: int) -> Array:
    """See `Ops.conv2d_input_gradient`; m is 2 or 4."""
    channels, filters = kernel.shape[2:]
    turned = range(SIZE * SIZE - 1, -1, -1)
    panels = pack(kernel, kernel_rows(turned, channels * filters, filters, 1), filters, channels)
    dx = memory.empty((len(dy), *image, channels), dy.dtype)
    pads = (SIZE - 1 - window.pads[0][0], SIZE - 1 - window.pads[1][0])
    convolve(dy, panels, pads, m, dx, NOTHING[dy.itemsize])
    return dx


def kernel_rows(cells: Sequence[int], cell_step: int, depth: int, step: int) -> Array:
    """Where the rows of a packed kernel begin: cell after cell, each with so many channels."""
    rows: Array = np.array(cells)[:, np.newaxis] * cell_step + np.arange(depth) * step
    return rows.reshape(-1)


def convolve(x: Array, panels: Array, pads: Pair, m: int, y: Array, finish: Finish) -> None:
    """Fill y (N, OH, OW, O) from x (N, H, W, C) and the packed kernel (P, 9 C, width)."""
    points, images = (m + SIZE - 1) ** 2, read(x)
    weights = kernel_points(panels, m)  # (points, P, C, width)
    channels, filters, outputs = x.shape[3], y.shape[3], (y.shape[1], y.shape[2])
    zeros, beyond = read(np.zeros(channels, x.dtype)), np.empty(filters, x.dtype)
    width, panel = panels.shape[2], channels * panels.shape[2]

    def task(tiles: slice) -> None:
        count = tiles.stop - tiles.start
        inputs, products = count * channels + SKEW, count * filters + SKEW
        scratch = parallel.scratch((points * (inputs + products),), x.dtype)
        d, e = scratch[: points * inputs], scratch[points * inputs :]
        take_inputs(images, zeros, m, pads, outputs, tiles.start, count, d, inputs)
        sweep(
            Left(flat(d), ZERO, channels, ZERO, 1),
            Right(flat(weights), ZERO, width, panel),
            Result(e, ZERO, filters),
            every_point(points, (inputs, weights[0].size, products), channels, 1, count),
            filters,
            False,
            NOTHING[x.itemsize],
        )
        put_outputs(flat(e), products, m, tiles.start, count, y, beyond, finish)

    tiles = number_of_tiles(len(x), outputs, m)
    parallel.each(blocks(tiles, points * (channels + filters) * x.itemsize), task)


def conv2d_kernel_gradient(x: Array, dy: Array, window: Window, m: int) -> Array:
    """See `Ops.conv2d_kernel_gradient`; m is 2 or 4.

    At each point the sum over the tiles of inputs^T @ upstream. A task sums over some tiles for
    some of the filters.
    """
    points, images, upstream = (m + SIZE - 1) ** 2, read(x), read(dy)
    channels, filters, outputs = x.shape[3], dy.shape[3], (dy.shape[1], dy.shape[2])
    pads, zeros = (
        (window.pads[0][0], window.pads[1][0]),
        read(np.zeros(max(channels, filters), x.dtype)),
    )
    width, rows = TARGET.columns(x.itemsize), np.arange(channels)
    ranges = parallel.pieces(slice(0, filters), FILTERS)
    tiles = number_of_tiles(len(x), outputs, m)
    batches = tile_batches(tiles, len(ranges), points * channels * filters)
    partial = memory.zeros((len(batches), points, channels, filters), x.dtype)

    def task(item: tuple[tuple[int, slice], slice]) -> None:
        (number, batch), some = item
        columns = some.stop - some.start
        target = partial[number].reshape(-1)[some.start :]
        panels = -(-columns // width)
        for piece in parallel.pieces(batch, depth_of_sum(channels + columns, points, x.itemsize)):
            count = piece.stop - piece.start
            inputs, size = count * channels + SKEW, panels * count * width
            scratch = parallel.scratch((points * (inputs + size),), x.dtype)
            d, e = scratch[: points * inputs], scratch[points * inputs :]
            take_inputs(images, zeros, m, pads, outputs, piece.start, count, d, inputs)
            shaped = e.reshape(points, panels, count, width)
            take_upstream(upstream, zeros, m, piece.start, some.start, some.stop, shaped)
            sweep(
                Left(flat(d), rows, 0, ZERO, channels),
                Right(flat(e), ZERO, width, count * width),
                Result(target, rows * filters, 0),
                every_point(points, (inputs, size, channels * filters), count, channels, channels),
                columns,
                True,
                NOTHING[x.itemsize],
            )

    parallel.each(list(itertools.product(enumerate(batches), ranges)), task)
    total = parallel.add_in_order(partial).reshape(-1)
    gradient = memory.empty((SIZE, SIZE, channels, filters), x.dtype)
    step = channels * filters
    transform_gradient(flat(total), step, m, gradient.reshape(-1), step, step)
    return gradient


def tile_batches(tiles: int, tasks: int, size: int) -> list[slice]:
    """The tiles in batches: enough for threads, and not too many sums to be added up."""
    wanted = -(-TASKS // tasks)
    count = min(max(min(wanted, PARTIAL_SUMS // size), 2), wanted)
    return parallel.pieces(slice(0, tiles), -(-tiles // count))


def depth_of_sum(channels: int, points: int, itemsize: int) -> int:
    """Tiles that are transformed at once."""
    return max(GRADIENT_SCRATCH // (points * channels * itemsize), 16)


ZERO = np.zeros(1, np.int64)


def kernel_points(panels: Array, m: int) -> Array:
    """G K G^T of a packed kernel (P, 9 C, width): (points, P, C, width)."""
    count, rows, width = panels.shape
    points = memory.empty(((m + SIZE - 1) ** 2, count, rows // SIZE**2, width), panels.dtype)

    step, stride = points[0, 0].size, points[0].size  # (C, width), (P, C, width)
    target = points.reshape(-1)

    def task(panel: int) -> None:
        transform_kernel(flat(panels[panel]), step, m, target[panel * step :], stride, step)

    parallel.each(range(count), task)
    return points


def every_point(
    points: int, steps: tuple[int, int, int], depth: int, rows: int, count: int
) -> Array:
    """A product for each point: of one tap, with so many rows of an image, and of all."""
    begins = ([point * step for step in steps] for point in range(points))
    return table(Product(a, b, c, 0, 1, depth, 0, rows, 0, count) for a, b, c in begins)


def number_of_tiles(images: int, outputs: Pair, m: int) -> int:
    """Tiles of all images."""
    return images * -(-outputs[0] // m) * -(-outputs[1] // m)


def blocks(tiles: int, bytes_each: int) -> list[slice]:
    """The tiles in blocks whose points stay in the cache, each of whole tiles of the product."""
    most = max(SCRATCH // bytes_each // ROWS, 2) * ROWS
    enough = -(-tiles // (TASKS * ROWS)) * ROWS
    return parallel.pieces(slice(0, tiles), min(most, enough))
