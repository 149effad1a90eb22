"""Where a direct convolution reads and writes: tables for images of one size, forward or backward.

Forward a row of the product is an output pixel, and what it is multiplied by is its window;
backward it is a pixel of the image, and what it is multiplied by are the outputs that read it.
`lines.py` says which these are; rows at an edge of the image sum over fewer.

Cells side by side in a window lie side by side in the image too, all their channels one after the
other: they are one run of the sum, which matters where there are few channels.

Or a part is one cell of the kernel, and all pixels that read it. Then a pixel is of several parts,
which are added up in the same order, so that the bits are the same, but each number of the kernel
is read once.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...geometry import Pair, Window
from ...ops import Array
from ..recent import remembered
from .lines import Line, backward_lines, by_cells, forward_lines


class Part(NamedTuple):
    """Pixels of an image that are sums over the same cells of the kernel, or over none."""

    reads: Array
    """For each pixel, where what its first cell reads begins. int64, as are the others."""
    writes: Array
    """For each pixel, where it lies itself."""
    taps: Array
    """From what the first cell reads to what each run reads."""
    panel_rows: Array
    """The row of the packed kernel with which each run begins."""
    depth: int
    """Of a run."""


class Range(NamedTuple):
    """A part's places in the tables of all parts."""

    first_pixel: int
    stop_pixel: int
    first_tap: int
    stop_tap: int
    depth: int
    """Of a run."""

    @property
    def pixels(self) -> int:
        """Of an image."""
        return self.stop_pixel - self.first_pixel

    @property
    def products(self) -> int:
        """For each pixel and column."""
        return (self.stop_tap - self.first_tap) * self.depth


class Images(NamedTuple):
    """What is read, or written."""

    height: int
    width: int
    channels: int


class PackedKernel(NamedTuple):
    """How the kernel is packed."""

    rows: Array
    """Where each row begins, in the first group's. int64."""
    step: int
    """From one column to the next."""
    group: int
    """From one group to the next."""
    lies: bool
    """Whether the kernel itself has these rows in this order."""


@dataclass(frozen=True, eq=False)
class Plan:
    """A convolution of images of one size, forward or backward: its parts, one after the other.

    There is one for each: plans are told apart by what they are, not by what they hold.
    """

    written: Images
    groups: int
    depth: int
    """Channels that a group reads."""
    columns: int
    """Channels that it writes."""
    kernel: PackedKernel
    tables: Part
    """Those of all parts, in one."""
    parts: tuple[Range, ...]


@remembered
def forward_plan(
    image: Pair, window: Window, channels: int, filters: int, groups: int, cellwise: bool = False
) -> Plan:
    """Reads images, writes outputs. Columns are the filters of a group."""
    read, written = Images(*image, channels), Images(*window.output_size(image), filters)
    depth, columns = channels // groups, filters // groups
    vertical, horizontal = axes(window, read, written)
    order = range(window.size[1])
    down, along = forward_lines(*vertical), forward_lines(*horizontal)
    if cellwise:
        down, along = by_cells(down, range(window.size[0])), by_cells(along, order)
    pairs = itertools.product(down, along)
    tables, parts = joined(part(*pair, order, read, written, groups) for pair in pairs)
    rows = np.arange(math.prod(window.size) * depth) * filters
    kernel = PackedKernel(rows, step=1, group=columns, lies=True)
    return Plan(written, groups, depth, columns, kernel, tables, parts)


@remembered
def backward_plan(
    image: Pair, window: Window, channels: int, filters: int, groups: int, cellwise: bool = False
) -> Plan:
    """Reads the outputs' gradients, writes the images'. Columns are the channels of a group.

    The packed kernel has its cells in the order in which an image's pixel meets them: those that
    are a stride apart follow each other, the last one first.
    """
    read, written = Images(*window.output_size(image), filters), Images(*image, channels)
    depth, columns = filters // groups, channels // groups
    vertical, horizontal = axes(window, written, read)
    apart = window.strides[1] // math.gcd(window.strides[1], window.dilation[1])
    order = sorted(range(window.size[1]), key=lambda j: (j % apart, -j))
    down, along = backward_lines(*vertical), backward_lines(*horizontal)
    if cellwise:  # what is read from first to last is read by the last cell first
        last_first = [range(size)[::-1] for size in window.size]
        down, along = by_cells(down, last_first[0]), by_cells(along, last_first[1])
    pairs = itertools.product(down, along)
    tables, parts = joined(part(*pair, order, read, written, groups) for pair in pairs)
    cell = columns * filters
    cells = table(range(window.size[0]), window.size[1] * cell, order, cell)
    rows = table(cells, 1, range(depth), 1)
    kernel = PackedKernel(rows, step=filters, group=depth, lies=False)
    return Plan(written, groups, depth, columns, kernel, tables, parts)


Axis = tuple[int, int, int, int, int, int]
"""Length, size, stride, dilation, pad, outputs."""


def axes(window: Window, image: Images, outputs: Images) -> tuple[Axis, Axis]:
    """Both axes of a convolution."""
    pads = [before for before, _ in window.pads]
    rows, columns = zip(*window[:3], pads, strict=True)
    return (image.height, *rows, outputs.height), (image.width, *columns, outputs.width)


def part(
    row: Line, column: Line, order: Sequence[int], read: Images, written: Images, groups: int
) -> Part:
    """The pixels of a line of rows and a line of columns.

    Args:
        row, column: which pixels, and what they read.
        order: the kernel's columns, as the packed kernel has them.
        read, written: the images.
        groups: of channels.
    """
    depth = read.channels // groups
    places = [order.index(cell) for cell in column.cells]
    one_run = groups == 1 and column.step == 1
    runs = range(min(len(places), 1) if one_run else len(places))
    down, along = read.width * read.channels, read.channels
    return Part(
        table(row.read, down, column.read, along),
        table(row.written, written.width * written.channels, column.written, written.channels),
        table(range(len(row.cells)), row.step * down, runs, column.step * along),
        table(row.cells, len(order) * depth, [places[run] for run in runs], depth),
        depth * len(places) if one_run else depth,
    )


def joined(parts: Iterable[Part]) -> tuple[Part, tuple[Range, ...]]:
    """The tables of all parts, in one, and where each part is in them."""
    every, nothing = list(parts), np.empty(0, np.int64)
    reads, writes, taps, panel_rows = (
        np.concatenate([nothing, *(part[number] for part in every)]) for number in range(4)
    )
    pixels = itertools.pairwise([0, *np.cumsum([len(part.reads) for part in every]).tolist()])
    runs = itertools.pairwise([0, *np.cumsum([len(part.taps) for part in every]).tolist()])
    ranges = [
        Range(*some, *those, part.depth)
        for some, those, part in zip(pixels, runs, every, strict=True)
    ]
    return Part(reads, writes, taps, panel_rows, 0), tuple(ranges)


def table(rows: Iterable[int], row_step: int, columns: Iterable[int], column_step: int) -> Array:
    """Where each pair of a row and a column is, row after row."""
    down = np.fromiter(rows, np.int64)[:, np.newaxis] * row_step  # (R, 1)
    places: Array = down + np.fromiter(columns, np.int64) * column_step  # (R, C)
    return places.reshape(-1)
