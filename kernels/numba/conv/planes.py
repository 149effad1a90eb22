"""The gradient of images of few channels: every cell of the windows is a plane of the image.

Where pixels have one channel, or three, they fill no vector. So what the windows add to the image
is computed turned round,

    dwindows^T = weights @ dy^T        (KH KW C, pixels)

of which a row holds what one cell of all windows adds, pixel after pixel. A line of it is added to
a line of the image's plane, shifted as the cell is. In the end planes become channels.

A task owns some images, or some lines of one, and makes the windows that reach these, some rows of
them at a time: those at an edge of its lines are made twice. Sums are plain sums, with errors as in
`direct.py`.
"""

from __future__ import annotations

import itertools
import math

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
from ..recent import remembered
from ..windows import Numbers, inside, numbers

MOST_CHANNELS = 4
"""Of an image: more of them are better vectors than pixels are."""

MATRIX = 1 << 16
"""Numbers of a line of windows at most, and of a task's planes: 256 KiB in float32, so that they
stay in the cache."""

PIXELS = 1024
"""Windows that are made at once, but for a whole line at least."""

TASKS = 16
"""Tasks at least, if they are worth it."""

GRAIN_FLOP = 1 << 20
"""Floating-point operations of a task: 10 to 50 us."""


def fits(window: Window, image: Pair, channels: int, groups: int) -> bool:
    """Whether there are few channels, and a line of windows stays in the cache."""
    line = window.size[0] * window.size[1] * channels * window.output_size(image)[1]
    return groups == 1 and channels <= MOST_CHANNELS and line <= MATRIX


def conv2d_input_gradient(
    dy: Array, kernel: Array, window: Window, groups: int, image: Pair
) -> Array:
    """See `Ops.conv2d_input_gradient`; there is one group."""
    n_images, rows, length, filters = dy.shape
    channels, cells = kernel.shape[2], math.prod(kernel.shape[:3])
    new = memory.empty if dy.size else memory.zeros
    dx = new((n_images, *image, channels), dy.dtype)
    if not (dx.size and dy.size):
        return dx
    tasks = items(n_images, image, rows, window, 2 * rows * length * kernel.size, channels)
    together = max(PIXELS // length, 1)
    width, seats = TARGET.columns(dy.itemsize), parallel.threads()
    lines = int(np.max(tasks[:, 3] - tasks[:, 2]))
    none, places = np.zeros(1, np.int64), np.arange(cells)
    launch.each(
        add_windows,
        len(tasks),
        sweep_address(dy.dtype),
        tasks,
        numbers(window),
        (rows, length, together),
        Left(flat(kernel), places * filters, 0, none, 1),
        flat(dy),
        np.arange(filters),
        memory.empty((seats, -(-together * length // width), filters, width), dy.dtype),
        memory.empty((seats, cells, together * length), dy.dtype),
        memory.empty((seats, lines * image[1] * channels), dy.dtype),
        table([Product(0, 0, 0, 0, 1, filters, 0, cells, 0, cells)]),
        NOTHING[dy.itemsize],
        dx,
        seats=seats,
    )
    return dx


@remembered
def items(images: int, image: Pair, rows: int, window: Window, flop: int, channels: int) -> Array:
    """For each task first and stop image, line, and row of windows that reach these lines. int64.

    Args:
        images: how many there are.
        image: (H, W).
        rows: of an image's windows.
        window: which of them reach a line.
        flop: operations of an image.
        channels: of the images.
    """
    height, width = image
    wanted = max(min(TASKS, images * flop // GRAIN_FLOP), 1)
    some = parallel.pieces(slice(0, images), max(images // wanted, 1))
    cuts = min(-(-wanted // images), height // window.size[0])
    most = max(MATRIX // (width * channels), 1)
    parts = parallel.pieces(slice(0, height), min(-(-height // max(cuts, 1)), most))
    return np.array(
        [
            (own.start, own.stop, part.start, part.stop, *reaching(part, window, height, rows))
            for own, part in itertools.product(some, parts)
        ],
        np.int64,
    )


def reaching(lines: slice, window: Window, height: int, rows: int) -> tuple[int, int]:
    """The first row of windows that may reach some lines of an image, and where they end.

    Of all lines these are all rows, so that those of several images follow one another.
    """
    if (lines.start, lines.stop) == (0, height):
        return 0, rows
    stride, pad = window.strides[0], window.pads[0][0]
    span = (window.size[0] - 1) * window.dilation[0]
    first = max(-((span - lines.start - pad) // stride), 0)
    return min(first, rows), min((lines.stop - 1 + pad) // stride + 1, rows)


@compiled()
def add_windows(
    task: int,
    seat: int,
    sweeping: int,
    tasks: Array,
    window: Numbers,
    sizes: tuple[int, int, int],
    weights: Left,
    upstream: Array,
    filters: Array,
    panels: Array,
    windows: Array,
    scratch: Array,
    products: Array,
    nothing: Finish,
    dx: Array,
) -> None:
    """The gradient of some lines of some images.

    Sizes: rows of an image's windows, how many are in a row, and rows that are made at once.
    """
    first, stop, top, bottom, first_row, stop_row = tasks[task]
    rows, length, together = sizes
    _, _, image_width, channels = dx.shape
    depth, width = panels.shape[2:]
    matrix = windows[seat]
    result = Result(matrix.reshape(-1), np.arange(len(matrix)) * matrix.shape[1], 0)
    none = first - first
    shape = channels, bottom - top, image_width
    for n in range(first, stop):
        own = dx[n, top:bottom].reshape(-1)
        planes = (own if channels == 1 else scratch[seat, : own.size]).reshape(shape)
        planes[:] = 0
        for p in range(first_row, stop_row, together):
            end = min(p + together, stop_row)
            count = (end - p) * length
            turned = panels[seat, : -(-count // width)]
            source = upstream[(n * rows + p) * length * depth :]
            fill(source, filters, depth, count, none, depth, turned)
            right = Right(turned.reshape(-1), weights.taps, width, depth * width)
            call_at(sweeping, (weights, right, result, products, count, False, nothing))
            add_planes(matrix, window, (p, end), length, top, planes)
        for c in range(channels if channels > 1 else 0):
            plane = planes[c].reshape(-1)
            for q in range(plane.size):
                own[q * channels + c] = plane[q]


@compiled()
def add_planes(
    matrix: Array,
    window: Numbers,
    rows: tuple[int, int],
    length: int,
    top: int,
    planes: Array,
) -> None:
    """Add windows (KH KW C, P*OW) to planes (C, lines, W).

    The windows are those of rows `rows`, each of `length`; the first line is line `top`.
    """
    kh, kw, sh, sw, dh, dw, above, left = window
    channels, lines, width = planes.shape
    for p in range(rows[0], rows[1]):
        at = (p - rows[0]) * length
        for i in range(kh):
            line = p * sh - above + i * dh - top
            for j in range(kw if 0 <= line < lines else 0):
                first, stop = inside(j * dw - left, length, sw, width)
                for c in range(channels):
                    source = matrix[(i * kw + j) * channels + c, at + first : at + stop]
                    target = planes[c, line, first * sw + j * dw - left :]
                    if sw == 1:
                        for q in range(source.size):
                            target[q] += source[q]
                    else:
                        for q in range(source.size):
                            target[q * sw] += source[q]
