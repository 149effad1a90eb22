"""The gradient of a convolution's kernel where images and upstream gradients lie.

    dkernel[i, j, c, o] = sum over images n and outputs p, q of
        x[n, p * stride + i * dilation - pad, ..., c] * dy[n, p, q, o]

For each cell (i, j) of the kernel that is a matrix product: a row is a channel c, and the sum goes
over the outputs whose windows have that cell inside the image, a range of lines p and a range of q.
A line is a run of the sum, from window to window a stride apart in the image, and the lines of all
images are its taps. Only dy is copied, some lines at a time, into panels that all cells share.

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
from .. import parallel
from ..launch import flat
from ..microkernel.panels import fill
from ..microkernel.sweep import Left, Product, Result, Right, sweep, table
from ..microkernel.target import TARGET

COPIED = 1 << 16
"""Elements of the upstream gradients that are copied at once: 256 KiB in float32."""

FILTERS = 64
"""Filters of a task at least, if there are as many."""

TASKS = 16
"""Tasks at least, if need be by sums over some of the lines each."""

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


def conv2d_kernel_gradient(x: Array, dy: Array, window: Window, groups: int) -> Array:
    """See `Ops.conv2d_kernel_gradient`."""
    channels, (outputs, length, filters) = x.shape[3], dy.shape[1:]
    depth, columns = channels // groups, filters // groups
    shape = (*window.size, depth, filters)  # (KH, KW, C/G, O)
    ranges = parallel.pieces(slice(0, columns), FILTERS)
    batches = line_batches(len(x) * outputs, len(ranges) * groups, math.prod(shape))
    if not batches:
        return np.zeros(shape, x.dtype)
    partial = np.empty((len(batches), *shape), x.dtype)
    images, upstream, rows = flat(x), flat(dy), np.arange(depth)
    step = window.strides[1] * channels
    width = TARGET.columns(x.itemsize)

    def task(item: tuple[tuple[int, slice], int, slice]) -> None:
        (number, batch), group, some = item
        first, count = group * columns + some.start, some.stop - some.start
        adding = False
        for piece in parallel.pieces(batch, max(COPIED // (length * count), 1)):
            pixels = np.arange(piece.start * length, piece.stop * length) * filters
            panels = parallel.scratch((-(-count // width), len(pixels), width), x.dtype)
            fill(upstream[first:], pixels, 1, count, 0, len(pixels), panels)
            seen = cells(piece.start, piece.stop, window, x.shape[1:], dy.shape[1:], depth)
            if not adding and len(seen.products) < math.prod(window.size):  # some cells see nothing
                partial[number][..., first : first + count] = 0
                adding = True
            sweep(
                Left(images[group * depth :], rows, 0, seen.images, step),
                Right(flat(panels), seen.lines * (length * width), width, panels[0].size),
                Result(partial[number].reshape(-1)[first:], rows * filters, 0),
                seen.products * (1, width, *[1] * 8),
                count,
                adding,
            )
            adding = True

    parallel.each(list(itertools.product(enumerate(batches), range(groups), ranges)), task)
    return parallel.add_in_order(partial)


def line_batches(lines: int, tasks: int, size: int) -> list[slice]:
    """The lines in batches: enough for threads, and not too many sums to be added up."""
    wanted = -(-TASKS // tasks)
    count = min(max(min(wanted, PARTIAL_SUMS // size), 2), wanted, max(lines, 1))
    return parallel.pieces(slice(0, lines), -(-lines // count))


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
    begins, lines, products = [], [], []
    taps = 0
    for i in range(window.size[0]):
        h = p * window.strides[0] + i * window.dilation[0] - window.pads[0][0]
        (inside,) = np.nonzero((h >= 0) & (h < height))
        begins.append(((number * height + h) * (width * channels))[inside])
        lines.append(inside)
        lines_of_i = (taps, taps + len(inside))
        for j in range(window.size[1]):
            from_left = j * window.dilation[1] - window.pads[1][0]
            first = max(-(from_left // window.strides[1]), 0)
            last = min((width - 1 - from_left) // window.strides[1], length - 1)
            if len(inside) and first <= last:
                x_first = (first * window.strides[1] + from_left) * channels
                dw_first = (i * window.size[1] + j) * depth * filters
                run = last - first + 1
                everything = (0, depth, 0, depth)
                products.append(Product(x_first, first, dw_first, *lines_of_i, run, *everything))
        taps += len(inside)
    return Cells(np.concatenate(begins), np.concatenate(lines), table(products))
