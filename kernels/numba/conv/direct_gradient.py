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
from typing import NamedTuple

import numpy as np

from ...geometry import Window
from ...ops import Array
from .. import memory, parallel
from ..finish import NOTHING
from ..launch import flat
from ..microkernel.panels import fill
from ..microkernel.sweep import Left, Product, Result, Right, sweep, table
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

TASK_FLOP = 1 << 22
"""Operations of a task at least: beginning one takes some 50 us."""

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


def conv2d_kernel_gradient(x: Array, dy: Array, window: Window, groups: int) -> Array:
    """See `Ops.conv2d_kernel_gradient`."""
    channels, (outputs, length, filters) = x.shape[3], dy.shape[1:]
    depth, columns = channels // groups, filters // groups
    shape = (*window.size, depth, filters)  # (KH, KW, C/G, O)
    ranges = parallel.pieces(slice(0, columns), FILTERS)
    lines, size = len(x) * outputs, math.prod(shape)
    batches = line_batches(lines, len(ranges) * groups, size, 2 * lines * length * size)
    if not batches:
        return np.zeros(shape, x.dtype)
    partial = memory.empty((len(batches), *shape), x.dtype)
    images, upstream, rows = flat(x), flat(dy), np.arange(window.size[1] * depth)
    step = window.strides[1] * channels
    width = TARGET.columns(x.itemsize)
    copied = max(COPIED, GRAIN_FLOP // (2 * math.prod(shape[:3])))

    def task(item: tuple[tuple[int, slice], int, slice]) -> None:
        (number, batch), group, some = item
        first, count = group * columns + some.start, some.stop - some.start
        adding = False
        for piece in parallel.pieces(batch, max(copied // (length * count), 1)):
            pixels = np.arange(piece.start * length, piece.stop * length) * filters
            panels = parallel.scratch((-(-count // width), len(pixels), width), x.dtype)
            fill(upstream[first:], pixels, 1, count, 0, len(pixels), panels)
            seen = cells(piece.start, piece.stop, window, x.shape[1:], dy.shape[1:], depth)
            if not (adding or seen.covers):
                partial[number][..., first : first + count] = 0
                adding = True
            sweep(
                Left(images[group * depth :], rows, 0, seen.images, step),
                Right(flat(panels), seen.lines * (length * width), width, panels[0].size),
                Result(partial[number].reshape(-1)[first:], rows * filters, 0),
                seen.products * (1, width, *[1] * 8),
                count,
                adding,
                NOTHING[x.itemsize],
            )
            adding = True

    parallel.each(list(itertools.product(enumerate(batches), range(groups), ranges)), task)
    return parallel.add_in_order(partial)


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


@functools.lru_cache(maxsize=4096)
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
