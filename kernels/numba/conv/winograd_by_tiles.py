"""Winograd's algorithms, tile by tile: what is made of the inputs stays in the cache.

A task takes some tiles through all steps, inputs to points, products, points to outputs. The
points of the kernel are made first, for all tasks: a task reads them all, so this is for many
tiles, see `winograd.py`.
"""

from __future__ import annotations

import itertools

import numpy as np

from ...geometry import Pair
from ...ops import Array
from .. import launch, memory, parallel
from ..calls import call_at
from ..finish import NOTHING, Finish
from ..jit import compiled
from ..launch import flat, read
from ..microkernel.panels import pack, room_for_panels
from ..microkernel.sweep import ROWS, Left, Result, Right, sweep_address
from ..microkernel.target import TARGET
from .winograd_tiles import (
    SIZE,
    SKEW,
    Weights,
    every_point,
    number_of_tiles,
    put_outputs,
    take_inputs,
    take_upstream,
    transform_gradient,
    transform_kernel,
    whole,
)

SCRATCH = 1 << 20
"""Bytes of a task's points, unless it has more to read, or to add to, for all of them."""

MOST_SCRATCH = 1 << 23
"""Bytes of a task's points in any case."""

TASKS = 8
"""Tasks at least, where there is enough to do."""

FEW_TASKS = 4
"""Tasks at least, where each has much to read, or to add up, that others have too."""

FILTERS = (64, 128)
"""Of a task of the kernel's gradient: for each of them it transforms the inputs anew."""

PARTIAL_SUMS = 1 << 23
"""Elements of all the partial sums of a kernel's gradient, unless two sums are more."""

TILES_OF_A_SUM = 1 << 12
"""Tiles of a partial sum at most: the rounding errors of a sum grow with the root of its length."""


def convolve(x: Array, weights: Weights, pads: Pair, m: int, y: Array, finish: Finish) -> None:
    """Fill y (N, OH, OW, O) from x (N, H, W, C)."""
    points, images = (m + SIZE - 1) ** 2, read(x)
    panels = pack(weights.numbers, weights.rows.reshape(-1), weights.step, y.shape[3])
    kernel = kernel_points(panels, m)  # (points, P, C, width)
    channels, filters, outputs = x.shape[3], y.shape[3], (y.shape[1], y.shape[2])
    zeros, beyond = read(np.zeros(channels, x.dtype)), np.empty(filters, x.dtype)
    tiles = number_of_tiles(len(x), outputs, m)
    edges = tile_edges(tiles, points * (channels + filters) * x.itemsize, kernel.nbytes)
    most = int(np.max(np.diff(edges), initial=0))
    size = points * (most * (channels + filters) + 2 * SKEW)
    seats = parallel.threads()
    scratch = memory.empty((seats, size), x.dtype)
    common = sweep_address(x.dtype), edges, images, zeros, kernel, m, pads, scratch
    nothing = NOTHING[x.itemsize]
    launch.each(filter_tiles, len(edges) - 1, *common, y, beyond, finish, nothing, seats=seats)


@compiled()
def filter_tiles(
    block: int,
    seat: int,
    sweeping: int,
    edges: Array,
    x: Array,
    zeros: Array,
    kernel: Array,
    m: int,
    pads: Pair,
    scratch: Array,
    y: Array,
    beyond: Array,
    finish: Finish,
    nothing: Finish,
) -> None:
    """All three steps for some tiles. The kernel's points are (points, P, C, width)."""
    first, count = edges[block], edges[block + 1] - edges[block]
    channels, filters, outputs = x.shape[3], y.shape[3], (y.shape[1], y.shape[2])
    points, panels, width = len(kernel), kernel.shape[1], kernel.shape[3]
    inputs, products = count * channels + SKEW, count * filters + SKEW
    d = scratch[seat, : points * inputs]
    e = scratch[seat, points * inputs : points * (inputs + products)]
    take_inputs(x, zeros, m, pads, outputs, first, count, 0, channels, d, inputs)
    zero = np.zeros(1, np.int64)
    steps = (inputs, panels * channels * width, products)
    call_at(
        sweeping,
        (
            Left(d, zero, channels, zero, 1),
            Right(kernel.reshape(-1), zero, width, channels * width),
            Result(e, zero, filters),
            every_point(points, steps, channels, 1, count),
            filters,
            False,
            nothing,
        ),
    )
    put_outputs(e, products, m, first, count, y, 0, filters, beyond, finish)


def kernel_gradient(x: Array, dy: Array, pads: Pair, m: int, gradient: Array) -> None:
    """Fill the kernel's gradient (3, 3, C, O) from x (N, H, W, C) and dy (N, OH, OW, O).

    A task sums over some tiles for some of the filters.
    """
    points = (m + SIZE - 1) ** 2
    channels, filters, outputs = x.shape[3], dy.shape[3], (dy.shape[1], dy.shape[2])
    width, columns = TARGET.columns(x.itemsize), min(filters, filters_of_a_task(filters))
    ranges = parallel.pieces(slice(0, filters), columns)
    tiles = number_of_tiles(len(x), outputs, m)
    batches = tile_batches(tiles, len(ranges), points * channels * filters)
    new = memory.empty if tiles else memory.zeros
    partial = new((len(batches), points, channels, filters), x.dtype)
    tasks = [
        (number, batch.start, batch.stop, some.start, some.stop)
        for (number, batch), some in itertools.product(enumerate(batches), ranges)
    ]
    result = points * channels * columns * x.itemsize
    depth = min(depth_of_sum(points * (channels + columns) * x.itemsize, result), max(tiles, 1))
    seats, size = (
        parallel.threads(),
        points * (depth * (channels + -(-columns // width) * width) + SKEW),
    )
    launch.each(
        add_tiles,
        len(tasks),
        sweep_address(x.dtype),
        np.array(tasks, np.int64).reshape(-1, 5),
        depth,
        width,
        read(x),
        read(dy),
        read(np.zeros(max(channels, filters), x.dtype)),
        m,
        pads,
        room_for_panels((seats, size), x.dtype, columns, filters),
        partial,
        NOTHING[x.itemsize],
        seats=seats,
    )
    total, step = launch.add_in_order(partial), channels * filters
    edges = parallel.edges(step, parallel.GRAIN // points, multiple=16)
    launch.each(transform_sums, len(edges) - 1, edges, flat(total), step, m, gradient.reshape(-1))


@compiled()
def transform_sums(
    block: int, _: int, edges: Array, total: Array, step: int, m: int, gradient: Array
) -> None:
    """Some numbers of each point: points and cells are `step` apart."""
    first, count = edges[block], edges[block + 1] - edges[block]
    transform_gradient(total[first:], step, 0, m, gradient[first:], whole(step), count)


@compiled()
def add_tiles(
    task: int,
    seat: int,
    sweeping: int,
    tasks: Array,
    depth: int,
    width: int,
    x: Array,
    dy: Array,
    zeros: Array,
    m: int,
    pads: Pair,
    scratch: Array,
    partial: Array,
    nothing: Finish,
) -> None:
    """Add up some tiles, `depth` of them at once, for some filters.

    A task is the number of its sum, first and stop tile, first and stop filter.
    """
    number, first_tile, stop_tile, first, stop = tasks[task]
    _, points, channels, filters = partial.shape
    columns, outputs = stop - first, (dy.shape[1], dy.shape[2])
    panels = -(-columns // width)
    target, rows = partial[number].reshape(-1)[first:], np.arange(channels)
    zero = np.zeros(1, np.int64)
    for tile in range(first_tile, stop_tile, depth):
        count = min(depth, stop_tile - tile)
        inputs, size = count * channels + SKEW, panels * count * width
        d = scratch[seat, : points * inputs]
        e = scratch[seat, points * inputs : points * (inputs + size)]
        take_inputs(x, zeros, m, pads, outputs, tile, count, 0, channels, d, inputs)
        take_upstream(dy, zeros, m, tile, first, stop, e.reshape(points, panels, count, width))
        steps = (inputs, size, channels * filters)
        call_at(
            sweeping,
            (
                Left(d, rows, 0, zero, channels),
                Right(e, zero, width, count * width),
                Result(target, rows * filters, 0),
                every_point(points, steps, count, channels, channels),
                columns,
                tile > first_tile,
                nothing,
            ),
        )


def tile_batches(tiles: int, tasks: int, size: int) -> list[slice]:
    """The tiles in batches, at least one: enough for threads, not too many sums to be added up.

    Nor may a batch be too long to be added up precisely.
    """
    wanted = -(-FEW_TASKS // tasks)
    count = min(max(min(wanted, PARTIAL_SUMS // size), 2), wanted)
    most = min(max(-(-tiles // count), 1), TILES_OF_A_SUM)
    return parallel.pieces(slice(0, tiles), most) or [slice(0, 0)]


def filters_of_a_task(filters: int) -> int:
    """So many that there are tasks enough without partial sums, where that can be."""
    fewest, most = FILTERS
    return min(filters // FEW_TASKS, most) if filters >= FEW_TASKS * fewest else most


def depth_of_sum(bytes_each: int, result: int) -> int:
    """Tiles that are transformed at once: a longer sum touches its result less often."""
    return max(min(max(SCRATCH, result), MOST_SCRATCH) // bytes_each, 16)


def kernel_points(panels: Array, m: int) -> Array:
    """G K G^T of a packed kernel (P, 9 C, width): (points, P, C, width)."""
    count, rows, width = panels.shape
    points = memory.empty(((m + SIZE - 1) ** 2, count, rows // SIZE**2, width), panels.dtype)

    launch.each(transform_panel, count, read(panels), m, points)
    return read(points)


@compiled()
def transform_panel(panel: int, _: int, panels: Array, m: int, points: Array) -> None:
    """One panel of all points."""
    step, stride = points[0, 0].size, points[0].size  # (C, width), (P, C, width)
    target = points.reshape(-1)[panel * step :]
    transform_kernel(panels[panel].reshape(-1), whole(step), m, target, stride, 0, step)


def tile_edges(tiles: int, bytes_each: int, weights: int) -> Array:
    """The edges of blocks for a task each, of whole tiles of the product.

    Their points stay in the cache, unless reading the kernel's, `weights` bytes, would take longer.
    """
    room = min(max(SCRATCH, weights), MOST_SCRATCH)
    most = max(room // bytes_each // ROWS, 2) * ROWS
    tasks = TASKS if weights <= SCRATCH else FEW_TASKS
    enough = -(-tiles // (tasks * ROWS)) * ROWS
    edges: Array = np.append(np.arange(0, tiles, min(most, enough) or 1), tiles)
    return edges
