"""What a direct gradient of a kernel sums up: lines of outputs, as its cells see them.

With many channels each cell of the kernel is a product of its own, whose rows are the channels.
With few, rows are all cells that some outputs read, channel by channel, for a tile wants six rows
or twelve: the outputs of the middle read all cells, those at an edge of the image fewer. To sum up
edges of one column from line to line, in longer runs, took 0.9 to 1.1 times as long: it did not
stay.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ...geometry import Pair, Window
from ...ops import Array
from .. import parallel
from ..microkernel.sweep import Product, table
from ..recent import remembered
from .direct_plan import table as places
from .lines import Line, forward_lines

FEW_CHANNELS = 8
"""Up to so many, the cells of the kernel are rows of one product."""

TASKS = 16
"""Tasks at least, if need be by sums over some of the lines each."""

FEW_TASKS = 4
"""Tasks at least, where partial sums would be too large."""

TASK_FLOP = 1 << 20
"""Operations of a task at least: 10 to 50 us."""

PARTIAL_SUMS = 1 << 20
"""Elements of all partial sums together, unless those that make enough tasks are more."""


SUM_FLOP = 1400
"""Operations for each element of a batch's partial sum: to write and add it takes a twentieth."""


class Cells(NamedTuple):
    """Some lines of outputs, as the cells of the kernel see them."""

    images: Array
    """Where a line of windows begins in the images: for each row of cells, or of few channels for
    each edge, the lines that it has."""
    lines: Array
    """Which lines these are, counted from the first one."""
    products: Array
    """For each cell, or of few channels each pair of edges: see `sweep`. Distances in panels of
    width 1."""
    covers: bool
    """Whether it is known that each cell is written, and once only."""


class Pieces(NamedTuple):
    """All lines in pieces that are copied at once: the cells of each, one after the other."""

    pieces: Array
    """For each piece: first and stop line; places of its lines and of its products in the tables
    below, from and to; whether it covers the kernel. int64, as are the others."""
    images: Array
    lines: Array
    products: Array


class Rows(NamedTuple):
    """Where the rows of the products are. int64."""

    images: Array
    """From where a line of windows begins."""
    kernel: Array


class Schedule(NamedTuple):
    """What tasks are to do, piece by piece."""

    rows: Rows
    pieces: Pieces
    tasks: Array
    """For each task: a batch's number, a group, first and stop filter, first and stop piece."""
    pixels: Array
    """For each pixel of the longest piece, where it begins in the upstream gradients."""


def schedule(
    batches: list[slice],
    at_once: int,
    last_alone: bool,
    ranges: tuple[Pair, ...],
    window: Window,
    image: tuple[int, ...],
    outputs: tuple[int, ...],
    depth: int,
) -> Schedule:
    """What to do for all batches of lines.

    Args:
        batches: of lines.
        at_once: lines of a piece.
        last_alone: whether the very last line is a piece of its own.
        ranges: of a group's filters, first and stop.
        window: as the others, see `cells`.
        image: (H, W, C).
        outputs: (OH, OW, O).
        depth: channels of a group.
    """
    some = [parallel.pieces(batch, at_once) for batch in batches]
    if last_alone:
        lines = some[-1].pop()
        some[-1] += parallel.pieces(lines, max(lines.stop - lines.start - 1, 1))
    found = [
        cells_together(p.start, p.stop, window, image, outputs)
        if few(image, depth)
        else cells(p.start, p.stop, window, image, outputs, depth)
        for p in itertools.chain(*some)
    ]
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
    rows_of_all = rows_of(window, image, outputs, depth)
    return Schedule(rows_of_all, pieces, np.array(tasks, np.int64), pixels)


def line_batches(lines: int, tasks: int, size: int, flop: int) -> list[slice]:
    """The lines in batches: enough for threads, and not too many sums to be added up.

    Args:
        lines: of outputs, of all images.
        tasks: for each batch.
        size: of a sum.
        flop: of all lines.
    """
    wanted = min(-(-TASKS // tasks), max(flop // TASK_FLOP, 2))
    fewest = 1 if tasks >= FEW_TASKS else 2
    most = min(PARTIAL_SUMS // size, flop // (SUM_FLOP * size))
    count = min(max(min(wanted, most), fewest), wanted, max(lines, 1))
    return parallel.pieces(slice(0, lines), -(-lines // count))


def few(image: tuple[int, ...], depth: int) -> bool:
    """Whether the cells of the kernel are rows of one product."""
    return depth == image[2] <= FEW_CHANNELS


def edges(
    window: Window, image: tuple[int, ...], outputs: tuple[int, ...]
) -> tuple[list[Line], list[Line]]:
    """The middle and the edges of an image, down and along: outputs that read the same cells."""
    lengths, numbers = image[:2], outputs[:2]
    pads = [before for before, _ in window.pads]
    axes = zip(lengths, *window[:3], pads, numbers, strict=True)
    down, along = ([line for line in forward_lines(*axis) if line.cells] for axis in axes)
    return down, along


@remembered
def rows_of(window: Window, image: tuple[int, ...], outputs: tuple[int, ...], depth: int) -> Rows:
    """The rows of all products; of few channels those of every pair of edges, one after another."""
    (_, width, channels), filters = image, outputs[2]
    if not few(image, depth):
        return Rows(np.arange(depth), np.arange(depth) * filters)
    images, kernel = [], []
    for down, along in itertools.product(*edges(window, image, outputs)):
        steps = down.step * width * channels, along.step * channels
        counts = range(len(down.cells)), range(len(along.cells))
        images.append(places(places(counts[0], steps[0], counts[1], steps[1]), 1, range(depth), 1))
        cells = places(down.cells, window.size[1] * depth, along.cells, depth)
        kernel.append(places(cells, 1, range(depth), 1) * filters)
    nothing = np.empty(0, np.int64)
    return Rows(np.concatenate([nothing, *images]), np.concatenate([nothing, *kernel]))


class Run(NamedTuple):
    """Outputs side by side whose windows have a cell inside the image."""

    cell: int
    first: int
    outputs: int
    read: int
    """Where in a line of the image the first one's cell is."""


def runs(window: Window, width: int, outputs: int) -> Iterator[Run]:
    """Each cell of a row of the kernel that any outputs read."""
    _, (size, stride, dilation, (left, _)) = zip(*window, strict=True)
    for cell in range(size):
        from_left = cell * dilation - left
        first = max(-(from_left // stride), 0)
        last = min((width - 1 - from_left) // stride, outputs - 1)
        if first <= last:
            yield Run(cell, first, last - first + 1, first * stride + from_left)


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
    begins, lines, products = [], [], []
    taps = 0
    for i in range(window.size[0]):
        h = p * window.strides[0] + i * window.dilation[0] - window.pads[0][0]
        (inside,) = np.nonzero((h >= 0) & (h < height))
        begins.append(((number * height + h) * (width * channels))[inside])
        lines.append(inside)
        some = (taps, taps + len(inside))
        taps += len(inside)
        for run in runs(window, width, length) if len(inside) else ():
            dw = (i * window.size[1] + run.cell) * depth * filters
            at = (run.read * channels, run.first, dw)
            products.append(Product(*at, *some, run.outputs, 0, depth, 0, depth))
    covers = len(products) == math.prod(window.size)
    return Cells(np.concatenate(begins), np.concatenate(lines), table(products), covers)


def cells_together(
    start: int,
    stop: int,
    window: Window,
    image: tuple[int, ...],
    outputs: tuple[int, ...],
) -> Cells:
    """`cells` of few channels: products of those that the same outputs read."""
    (height, width, channels), rows = image, outputs[0]
    number, p = np.divmod(np.arange(start, stop), rows)
    nothing = np.empty(0, np.int64)
    begins, lines, products = [nothing], [nothing], []
    vertical, horizontal = edges(window, image, outputs)
    taps, row = 0, 0
    for down in vertical:
        read = dict(zip(down.written, down.read, strict=True))
        (inside,) = np.nonzero(np.isin(p, down.written))
        h = np.array([read[q] for q in p[inside].tolist()], np.int64)
        begins.append((number[inside] * height + h) * (width * channels))
        lines.append(inside)
        some = (taps, taps + len(inside))
        taps += len(inside)
        for along in horizontal:
            count = len(down.cells) * len(along.cells) * channels
            if len(inside):
                at = (along.read[0] * channels, along.written[0], 0)
                own = (row, row + count, 0, count)
                products.append(Product(*at, *some, len(along.written), *own))
            row += count
    return Cells(np.concatenate(begins), np.concatenate(lines), table(products), covers=False)
