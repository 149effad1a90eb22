"""The gradient of a convolution's kernel where images and upstream gradients lie.

    dkernel[i, j, c, o] = sum over images n and outputs p, q of
        x[n, p * stride + i * dilation - pad, ..., c] * dy[n, p, q, o]

For each cell (i, j) of the kernel that is a matrix product: a row is a channel c, and the sum goes
over the outputs whose windows have that cell inside the image, a range of lines p and a range of q.
A line is a run of the sum, from window to window a stride apart in the image, and the lines of all
images are its taps. Only dy is copied, some lines at a time, into panels that all cells share.
Where there are few channels, cells side by side are the rows of one product.

Sums are plain sums, as in `direct.py`.
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any, NamedTuple

import numpy as np

from ...geometry import Pair, Window
from ...ops import Array
from .. import launch, memory, parallel
from ..calls import call_at
from ..finish import NOTHING, Finish
from ..jit import compiled
from ..launch import flat
from ..microkernel.panels import fill
from ..microkernel.sweep import Left, Product, Result, Right, sweep_address, table
from ..microkernel.target import TARGET
from .lines import forward_lines

COPIED = 1 << 16
"""Elements of the upstream gradients that are copied at once: 256 KiB in float32."""

GRAIN_FLOP = 1 << 24
"""Operations that are done with them, if need be by copying more."""

FILTERS = 64
"""Filters of a task at least, if there are as many."""

FEW_CHANNELS = 8
"""Up to so many, cells side by side are rows of one product: a tile wants six."""

TASKS = 16
"""Tasks at least, if need be by sums over some of the lines each."""

TASK_FLOP = 1 << 20
"""Operations of a task at least: 10 to 50 us."""

PARTIAL_SUMS = 1 << 21
"""Elements of all partial sums together, unless two sums are more."""


class Cells(NamedTuple):
    """Some lines of outputs, as the cells of the kernel see them."""

    images: Array
    """Where a line of windows begins in the images: for each row of cells the lines that it has."""
    lines: Array
    """Which lines these are, counted from the first one."""
    products: Array
    """For each cell: see `sweep`. Distances in panels of width 1."""
    covers: bool
    """Whether each cell is written, and once only."""


class Pieces(NamedTuple):
    """All lines in pieces that are copied at once: the cells of each, one after the other."""

    pieces: Array
    """For each piece: first and stop line; places of its lines and of its products in the tables
    below, from and to; whether it covers the kernel. int64, as are the others."""
    images: Array
    lines: Array
    products: Array


class Schedule(NamedTuple):
    """All that can be known of a call before its numbers."""

    pieces: Pieces
    tasks: Array
    """For each task: a batch's number, a group, first and stop filter, first and stop piece."""
    pixels: Array
    """For each pixel of the longest piece, where it begins in the upstream gradients."""


def conv2d_kernel_gradient(x: Array, dy: Array, window: Window, groups: int) -> Array:
    """See `Ops.conv2d_kernel_gradient`."""
    channels, (outputs, length, filters) = x.shape[3], dy.shape[1:]
    depth, columns = channels // groups, filters // groups
    shape = (*window.size, depth, filters)  # (KH, KW, C/G, O)
    if not (x.size and dy.size):
        return np.zeros(shape, x.dtype)
    ranges = parallel.pieces(slice(0, columns), FILTERS)
    lines, size = len(x) * outputs, math.prod(shape)
    batches = line_batches(lines, len(ranges) * groups, size, 2 * lines * length * size)
    copied = max(COPIED, GRAIN_FLOP // (2 * math.prod(shape[:3])))
    at_once = max(copied // (length * min(FILTERS, columns)), 1)  # lines
    plan = schedule(
        tuple((batch.start, batch.stop) for batch in batches),
        at_once,
        tuple((some.start, some.stop) for some in ranges),
        window,
        x.shape[1:],
        dy.shape[1:],
        depth,
    )
    partial = memory.empty((len(batches), size), x.dtype)
    width = TARGET.columns(x.itemsize)
    panels = (-(-min(FILTERS, columns) // width), len(plan.pixels), width)
    rows, seats = np.arange(window.size[1] * depth), parallel.threads()
    launch.each(
        add_up,
        len(plan.tasks),
        sweep_address(x.dtype),
        plan.tasks,
        plan.pieces,
        (depth, columns, filters, length),
        Left(flat(x), rows, 0, plan.pieces.images, window.strides[1] * channels),
        flat(dy),
        memory.empty((seats, *panels), x.dtype),
        plan.pixels,
        Result(partial.reshape(-1), rows * filters, 0),
        NOTHING[x.itemsize],
        seats=seats,
    )
    return launch.add_in_order(partial).reshape(shape)


@compiled()
def add_up(
    task: int,
    seat: int,
    sweeping: int,
    tasks: Array,
    seen: Pieces,
    sizes: tuple[int, int, int, int],
    left: Left,
    upstream: Array,
    scratch: Array,
    pixels: Array,
    result: Result,
    nothing: Finish,
) -> None:
    """Some filters of a group, summed over a batch of lines, piece by piece.

    Sizes: channels and filters of a group, all filters, and the length of a line. Scratch: for each
    seat (P, pixels, width).
    """
    batch, group, start, stop, first_piece, stop_piece = tasks[task]
    depth, columns, filters, length = sizes
    first, count = group * columns + start, stop - start
    width, size = scratch.shape[3], result.numbers.size // (tasks[-1, 0] + 1)
    total = result.numbers[batch * size : (batch + 1) * size]
    none: Any = np.int64(0)  # 0 as it stands would be a type of its own, and so would 1
    one: Any = np.int64(1)
    adding = False
    for piece in range(first_piece, stop_piece):
        line, end, from_line, to_line, from_product, to_product, covers = seen.pieces[piece]
        number = (end - line) * length
        panels = scratch[seat].reshape(-1)[: -(-count // width) * number * width]
        shaped = panels.reshape(-(-count // width), number, width)
        source = upstream[line * length * filters + first :]
        fill(source, pixels[:number], one, count, none, number, shaped)
        if not (adding or covers != 0):
            every = total.reshape(-1, filters)
            for row in range(len(every)):
                every[row, first : first + count] = 0
            adding = True
        products = seen.products[from_product:to_product].copy()
        for product in range(len(products)):
            products[product, 1] *= width
        call_at(
            sweeping,
            (
                Left(
                    left.numbers[group * depth :],
                    left.rows,
                    0,
                    left.taps[from_line:to_line],
                    left.step,
                ),
                Right(
                    panels,
                    seen.lines[from_line:to_line] * (length * width),
                    width,
                    number * width,
                ),
                Result(total[first:], result.rows, 0),
                products,
                count,
                adding,
                nothing,
            ),
        )
        adding = True


@functools.lru_cache(maxsize=256)
def schedule(
    batches: tuple[Pair, ...],
    at_once: int,
    ranges: tuple[Pair, ...],
    window: Window,
    image: tuple[int, ...],
    outputs: tuple[int, ...],
    depth: int,
) -> Schedule:
    """What to do for all batches of lines.

    Args:
        batches: of lines, first and stop.
        at_once: lines of a piece.
        ranges: of a group's filters, first and stop.
        window: as the others, see `cells`.
        image: (H, W, C).
        outputs: (OH, OW, O).
        depth: channels of a group.
    """
    some = [parallel.pieces(slice(*batch), at_once) for batch in batches]
    found = [cells(p.start, p.stop, window, image, outputs, depth) for p in itertools.chain(*some)]
    line_stops = list(itertools.accumulate(len(seen.lines) for seen in found))
    product_stops = list(itertools.accumulate(len(seen.products) for seen in found))
    rows = [
        (p.start, p.stop, at - len(seen.lines), at, place - len(seen.products), place, seen.covers)
        for p, seen, at, place in zip(
            itertools.chain(*some), found, line_stops, product_stops, strict=True
        )
    ]
    stops = itertools.accumulate(map(len, some))
    tasks = [
        (number, group, *range_, stop - len(own), stop)
        for (number, (own, stop)), group, range_ in itertools.product(
            enumerate(zip(some, stops, strict=True)), range(image[2] // depth), ranges
        )
    ]
    tables = (np.concatenate([getattr(c, name) for c in found]) for name in Cells._fields[:3])
    pieces = Pieces(np.array(rows, np.int64), *tables)
    most = max(p.stop - p.start for p in itertools.chain(*some))
    pixels = np.arange(most * outputs[1]) * outputs[2]
    return Schedule(pieces, np.array(tasks, np.int64), pixels)


def line_batches(lines: int, tasks: int, size: int, flop: int) -> list[slice]:
    """The lines in batches: enough for threads, and not too many sums to be added up.

    Args:
        lines: of outputs, of all images.
        tasks: for each batch.
        size: of a sum.
        flop: of all lines.
    """
    wanted = min(-(-TASKS // tasks), max(flop // TASK_FLOP, 2))
    count = min(max(min(wanted, PARTIAL_SUMS // size), 2), wanted, max(lines, 1))
    return parallel.pieces(slice(0, lines), -(-lines // count))


class Run(NamedTuple):
    """Cells side by side in a row of the kernel, and outputs whose windows have them inside."""

    cell: int
    cells: int
    first: int
    outputs: int
    read: int
    """Where in a line of the image the first one's first cell is."""


def runs(window: Window, width: int, outputs: int, together: bool) -> list[Run]:
    """Each cell of a row with its outputs; or where cells are taken together, each set of them."""
    _, (size, stride, dilation, (left, _)) = zip(*window, strict=True)
    if together:
        lines = forward_lines(width, size, stride, dilation, left, outputs)
        return [
            Run(line.cells[0], len(line.cells), line.written[0], len(line.written), line.read[0])
            for line in lines
            if line.cells
        ]
    found = []
    for cell in range(size):
        from_left = cell * dilation - left
        first = max(-(from_left // stride), 0)
        last = min((width - 1 - from_left) // stride, outputs - 1)
        if first <= last:
            found.append(Run(cell, 1, first, last - first + 1, first * stride + from_left))
    return found


def cells(
    start: int,
    stop: int,
    window: Window,
    image: tuple[int, ...],
    outputs: tuple[int, ...],
    depth: int,
) -> Cells:
    """Lines start to stop, counted through all images (H, W, C) with outputs (OH, OW, O).

    Args:
        depth: channels of a group.
    """
    (height, width, channels), (rows, length, filters) = image, outputs
    number, p = np.divmod(np.arange(start, stop), rows)
    together = depth == channels <= FEW_CHANNELS and window.dilation[1] == 1
    begins, lines, products = [], [], []
    taps = 0
    for i in range(window.size[0]):
        h = p * window.strides[0] + i * window.dilation[0] - window.pads[0][0]
        (inside,) = np.nonzero((h >= 0) & (h < height))
        begins.append(((number * height + h) * (width * channels))[inside])
        lines.append(inside)
        some = (taps, taps + len(inside))
        taps += len(inside)
        for run in runs(window, width, length, together) if len(inside) else ():
            dw = (i * window.size[1] + run.cell) * depth * filters
            count = run.cells * depth
            places = (run.read * channels, run.first, dw)
            products.append(Product(*places, *some, run.outputs, 0, count, 0, count))
    covers = not together and len(products) == math.prod(window.size)
    return Cells(np.concatenate(begins), np.concatenate(lines), table(products), covers)
