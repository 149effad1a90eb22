"""Where a direct convolution reads and writes: tables for images of one size, forward or backward.

Forward a row of the product is an output pixel, and what it is multiplied by is its window;
backward it is a pixel of the image, and what it is multiplied by are the outputs that read it.
`lines.py` says which these are; rows at an edge of the image sum over fewer.

Cells side by side in a window lie side by side in the image too, all their channels one after the
other: they are one run of the sum, which matters where there are few channels.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...geometry import Pair, Window
from ...ops import Array
from .lines import Line, backward_lines, forward_lines


class Part(NamedTuple):
    """Pixels of an image that are sums over the same cells of the kernel."""

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


@dataclass(frozen=True)
class Plan:
    """A convolution of images of one size, forward or backward."""

    written: tuple[int, int, int]
    """Height, width, channels."""
    groups: int
    depth: int
    """Channels that a group reads."""
    columns: int
    """Channels that it writes."""
    parts: tuple[Part, ...]
    kernel_rows: Array
    """Where each row of the packed kernel begins, in the first group's."""
    kernel_step: int
    """From one column to the next."""
    kernel_group: int
    """From one group to the next."""

    @property
    def covers(self) -> bool:
        """Whether every pixel is written: some may read nothing but padding."""
        return sum(len(part.writes) for part in self.parts) == math.prod(self.written[:2])


@functools.lru_cache(maxsize=256)
def forward_plan(image: Pair, window: Window, channels: int, filters: int, groups: int) -> Plan:
    """Reads images, writes outputs. Columns are the filters of a group."""
    kernel_columns = range(window.size[1])
    depth, columns = channels // groups, filters // groups
    outputs = window.output_size(image)
    vertical, horizontal = axes(window, image, outputs)
    rows = [
        (cell * depth + channel) * filters
        for cell in range(math.prod(window.size))
        for channel in range(depth)
    ]
    return Plan(
        (*outputs, filters),
        groups,
        depth,
        columns,
        tuple(
            part(row, column, kernel_columns, image[1], channels, outputs[1], filters, groups)
            for row in forward_lines(*vertical)
            for column in forward_lines(*horizontal)
            if row.cells and column.cells
        ),
        np.array(rows, np.int64),
        kernel_step=1,
        kernel_group=columns,
    )


@functools.lru_cache(maxsize=256)
def backward_plan(image: Pair, window: Window, channels: int, filters: int, groups: int) -> Plan:
    """Reads the outputs' gradients, writes the images'. Columns are the channels of a group.

    The packed kernel has its cells in the order in which an image's pixel meets them: those that
    are a stride apart follow each other, the last one first.
    """
    outputs = window.output_size(image)
    apart = window.strides[1] // math.gcd(window.strides[1], window.dilation[1])
    order = sorted(range(window.size[1]), key=lambda j: (j % apart, -j))
    depth, columns = filters // groups, channels // groups
    vertical, horizontal = axes(window, image, outputs)
    rows = [
        (i * window.size[1] + j) * columns * filters + filter
        for i in range(window.size[0])
        for j in order
        for filter in range(depth)
    ]
    return Plan(
        (*image, channels),
        groups,
        depth,
        columns,
        tuple(
            part(row, column, order, outputs[1], filters, image[1], channels, groups)
            for row in backward_lines(*vertical)
            for column in backward_lines(*horizontal)
            if row.cells and column.cells
        ),
        np.array(rows, np.int64),
        kernel_step=filters,
        kernel_group=depth,
    )


def axes(window: Window, image: Pair, outputs: Pair) -> list[tuple[int, int, int, int, int, int]]:
    """For each axis: length, size, stride, dilation, pad, outputs."""
    pads = [before for before, _ in window.pads]
    lengths = zip(image, window.size, window.strides, window.dilation, pads, outputs, strict=True)
    return list(lengths)


def part(
    row: Line,
    column: Line,
    order: Sequence[int],
    width: int,
    channels: int,
    written_width: int,
    written_channels: int,
    groups: int,
) -> Part:
    """The pixels of a line of rows and a line of columns.

    Args:
        row, column: which pixels, and what they read.
        order: the kernel's columns, as the packed kernel has them.
        width, channels: of the images that are read.
        written_width, written_channels: of those that are written.
        groups: of channels.
    """
    depth = channels // groups
    places = [order.index(cell) for cell in column.cells]
    one_run = groups == 1 and column.step == 1
    runs = [0] if one_run else range(len(places))
    return Part(
        table(row.read, width * channels, column.read, channels),
        table(row.written, written_width * written_channels, column.written, written_channels),
        table(range(len(row.cells)), row.step * width * channels, runs, column.step * channels),
        table(row.cells, len(order) * depth, [places[run] for run in runs], depth),
        depth * len(places) if one_run else depth,
    )


def table(rows: Sequence[int], row_step: int, columns: Sequence[int], column_step: int) -> Array:
    """Where each pair of a row and a column is, row after row."""
    down = np.array(rows, np.int64)[:, np.newaxis] * row_step  # (R, 1)
    places: Array = down + np.array(columns, np.int64) * column_step  # (R, C)
    return places.reshape(-1)
