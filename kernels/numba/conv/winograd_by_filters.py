"""Winograd's algorithms, filter by filter: what is made of the kernel stays in the cache.

The points of the inputs are made first, for all tasks. A task then takes some filters, and of these
some channels at a time, through all steps: kernel to points, products, and at last points to
outputs. Their tiles are few, see `winograd.py`. The gradient of the kernel likewise: upstream to
points, products, points to the gradient.
"""

from __future__ import annotations

import numpy as np

from ...geometry import Pair
from ...ops import Array
from .. import launch, memory, parallel
from ..calls import call_at
from ..finish import NOTHING, Finish
from ..jit import compiled
from ..launch import read
from ..microkernel.panels import fill, room_for_panels
from ..microkernel.sweep import Left, Result, Right, sweep_address
from ..microkernel.target import TARGET
from .winograd_tiles import (
    SIZE,
    SKEW,
    Weights,
    every_point,
    kernel_rows,
    number_of_tiles,
    put_outputs,
    take_inputs,
    take_upstream,
    transform_gradient,
    transform_kernel,
    whole,
)

DEPTH = 64
"""Channels at a time: the points of so many of a panel's columns are half of a second cache."""

TASKS = 4
"""At least, where there are filters enough."""


def panel_edges(filters: int, itemsize: int) -> Array:
    """The edges of the tasks' filters: each has as many whole vectors, of a panel at most."""
    lanes = TARGET.lanes(itemsize)
    width = min(-(-filters // (TASKS * lanes)) * lanes, TARGET.columns(itemsize))
    edges: Array = np.append(np.arange(0, filters, width), filters)
    return edges


def convolve(x: Array, weights: Weights, pads: Pair, m: int, y: Array, finish: Finish) -> None:
    """Fill y (N, OH, OW, O) from x (N, H, W, C)."""
    inputs, depth = input_points(x, pads, (y.shape[1], y.shape[2]), m)
    edges, points, seats = panel_edges(y.shape[3], x.itemsize), inputs.shape[1], parallel.threads()
    tiles, width = (inputs.shape[2] - SKEW) // depth, TARGET.columns(x.itemsize)
    size = (SIZE**2 + points) * depth * width + points * (tiles * width + 2 * SKEW)
    launch.each(
        filter_panel,
        len(edges) - 1,
        sweep_address(x.dtype),
        edges,
        inputs,
        weights,
        m,
        depth,
        width,
        room_for_panels((seats, size), x.dtype, y.shape[3]),
        y,
        np.empty(y.shape[3], x.dtype),
        finish,
        NOTHING[x.itemsize],
        seats=seats,
    )


@compiled()
def filter_panel(
    panel: int,
    seat: int,
    sweeping: int,
    edges: Array,
    inputs: Array,
    weights: Weights,
    m: int,
    depth: int,
    width: int,
    scratch: Array,
    y: Array,
    beyond: Array,
    finish: Finish,
    nothing: Finish,
) -> None:
    """All steps for some filters, from the points of the inputs on."""
    first, stop = edges[panel], edges[panel + 1]
    columns, channels = stop - first, weights.rows.shape[1]
    _, points, stride = inputs.shape
    tiles = (stride - SKEW) // depth
    cells = scratch[seat, : SIZE**2 * depth * width]
    filters = scratch[seat, cells.size :][: points * (depth * width + SKEW)]
    products = scratch[seat, cells.size + filters.size :]
    steps = (stride, depth * width + SKEW, tiles * width + SKEW)
    zero = np.zeros(1, np.int64)
    for block in range(len(inputs)):
        start = block * depth
        own = min(depth, channels - start)
        take_filters(weights, start, own, first, columns, m, cells, filters, width, steps[1])
        call_at(
            sweeping,
            (
                Left(inputs[block].reshape(-1), zero, own, zero, 1),
                Right(filters, zero, width, 0),
                Result(products, zero, columns),
                every_point(points, steps, own, 1, tiles),
                columns,
                block > 0,
                nothing,
            ),
        )
    put_outputs(products, steps[2], m, 0, tiles, y, first, stop, beyond, finish)


@compiled()
def take_filters(
    weights: Weights,
    start: int,
    depth: int,
    first: int,
    columns: int,
    m: int,
    cells: Array,
    filters: Array,
    width: int,
    stride: int,
) -> None:
    """G K G^T of channels start, start + 1, ... of filters first, first + 1, ...

    Those of channel k go to filters[p * stride + k * width] on. Where filters are not neighbours in
    the kernel, it is transposed first, to `cells`.
    """
    numbers, rows, step = weights
    own = rows[:, start : start + depth]
    if step == 1:
        transform_kernel(numbers[first:], own, m, filters, stride, width, columns)
        return
    size = depth * width
    for cell in range(SIZE**2):
        panel = cells[cell * size : (cell + 1) * size].reshape(1, depth, width)
        fill(numbers[first * step :], own[cell], step, columns, 0, depth, panel)
    transform_kernel(cells, whole(size), m, filters, stride, 0, size)


def kernel_gradient(x: Array, dy: Array, pads: Pair, m: int, gradient: Array) -> None:
    """Fill the kernel's gradient (3, 3, C, O) from x (N, H, W, C) and dy (N, OH, OW, O)."""
    inputs, depth = input_points(x, pads, (dy.shape[1], dy.shape[2]), m)
    edges, points, seats = panel_edges(dy.shape[3], x.itemsize), inputs.shape[1], parallel.threads()
    tiles, width = (inputs.shape[2] - SKEW) // depth, TARGET.columns(x.itemsize)
    size = points * ((tiles + depth) * width + SKEW)
    launch.each(
        add_panel,
        len(edges) - 1,
        sweep_address(x.dtype),
        edges,
        inputs,
        read(dy),
        read(np.zeros(dy.shape[3], x.dtype)),
        m,
        depth,
        width,
        room_for_panels((seats, size), x.dtype, dy.shape[3]),
        kernel_rows(gradient.shape),
        gradient,
        NOTHING[x.itemsize],
        seats=seats,
    )


@compiled()
def add_panel(
    panel: int,
    seat: int,
    sweeping: int,
    edges: Array,
    inputs: Array,
    dy: Array,
    zeros: Array,
    m: int,
    depth: int,
    width: int,
    scratch: Array,
    rows: Array,
    gradient: Array,
    nothing: Finish,
) -> None:
    """The gradient of some filters."""
    first, stop = edges[panel], edges[panel + 1]
    columns, channels = stop - first, gradient.shape[2]
    _, points, stride = inputs.shape
    tiles = (stride - SKEW) // depth
    steps = (stride, tiles * width, depth * width + SKEW)
    upstream = scratch[seat, : points * steps[1]]
    sums = scratch[seat, upstream.size : upstream.size + points * steps[2]]
    take_upstream(dy, zeros, m, 0, first, stop, upstream.reshape(points, 1, tiles, width))
    target, channel = gradient.reshape(-1)[first:], np.arange(depth)
    zero = np.zeros(1, np.int64)
    for block in range(len(inputs)):
        start = block * depth
        own = min(depth, channels - start)
        call_at(
            sweeping,
            (
                Left(inputs[block].reshape(-1), channel[:own], 0, zero, own),
                Right(upstream, zero, width, 0),
                Result(sums, channel[:own] * columns, 0),
                every_point(points, steps, tiles, own, own),
                columns,
                False,
                nothing,
            ),
        )
        there = rows[:, start : start + own]
        transform_gradient(sums, steps[2], columns, m, target, there, columns)


def input_points(x: Array, pads: Pair, outputs: Pair, m: int) -> tuple[Array, int]:
    """B^T D B of all tiles, some channels after the others, and how many.

    (blocks, points, tiles * depth + SKEW), read-only: a block's points are tiles x channels.
    """
    tiles, channels = number_of_tiles(len(x), outputs, m), x.shape[3]
    depth, count = min(DEPTH, channels), (m + SIZE - 1) ** 2
    blocks = -(-channels // depth)
    points = memory.empty((blocks, count, tiles * depth + SKEW), x.dtype)
    edges = parallel.edges(tiles, max(parallel.GRAIN // (count * channels), 1))
    zeros, common = read(np.zeros(channels, x.dtype)), (m, pads, outputs, depth, points)
    launch.each(take_tiles, len(edges) - 1, edges, read(x), zeros, *common)
    return read(points), depth


@compiled()
def take_tiles(
    part: int,
    _: int,
    edges: Array,
    x: Array,
    zeros: Array,
    m: int,
    pads: Pair,
    outputs: Pair,
    depth: int,
    points: Array,
) -> None:
    """The points of some tiles."""
    first, count = edges[part], edges[part + 1] - edges[part]
    stride = points.shape[2]
    for block in range(len(points)):
        start, stop = block * depth, min((block + 1) * depth, x.shape[3])
        target = points[block].reshape(-1)[first * (stop - start) :]
        take_inputs(x, zeros, m, pads, outputs, first, count, start, stop, target, stride)
