"""The gradient of images of few channels: every cell of the windows is a plane of the image.

Where pixels have one channel, or three, they fill no vector. So what the windows add to the image
is computed turned round,

    dwindows^T = weights @ dy^T        (KH KW C, pixels)

of which a row holds what one cell of all windows adds, pixel after pixel. A line of it is added to
a line of the image's plane, shifted as the cell is. In the end planes become channels.

A task owns some images, or some lines of one, and makes the windows that reach these: those at an
edge of its lines are made twice. Sums are plain sums, with errors as in `im2col.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from ...geometry import Pair, Window
from ...ops import Array
from .. import memory, parallel
from ..blas import one_thread
from ..jit import compiled
from ..launch import read
from ..windows import Numbers, inside, numbers

MOST_CHANNELS = 4
"""Of an image: more of them are better vectors than pixels are."""

MATRIX = 1 << 16
"""Elements of a task's windows: 256 KiB in float32, so that they stay in the cache."""

TASKS = 16
"""Tasks at least, where there are as many images."""


def fits(window: Window, image: Pair, channels: int, groups: int) -> bool:
    """Whether there are few channels, and a line of windows stays in the cache."""
    line = window.size[0] * window.size[1] * channels * window.output_size(image)[1]
    return groups == 1 and channels <= MOST_CHANNELS and line <= MATRIX


def conv2d_input_gradient(
    dy: Array, kernel: Array, window: Window, groups: int, image: Pair
) -> Array:
    """See `Ops.conv2d_input_gradient`; there is one group."""
    n_images, rows, length, filters = dy.shape
    channels = kernel.shape[2]
    weights = read(kernel).reshape(-1, filters)  # (KH KW C, O)
    upstream = read(dy).reshape(-1, filters)  # (N*OH*OW, O)
    dx = memory.zeros((n_images, *image, channels), dy.dtype)

    def task(item: tuple[slice, slice]) -> None:
        images, lines = item
        first, stop = reaching(lines, window, image[0], rows)
        start = (images.start * rows + first) * length
        count = (images.stop - images.start) * (stop - first) * length
        matrix = parallel.scratch((len(weights), count), dx.dtype)
        np.matmul(weights, upstream[start : start + count].T, out=matrix)
        part = dx[images, lines]
        if channels == 1:
            planes = part.reshape(len(part), 1, *part.shape[1:3])  # a view
        else:
            planes = np.zeros((len(part), channels, *part.shape[1:3]), dx.dtype)
        add_planes(matrix, numbers(window), (first, stop), length, lines.start, planes)
        if channels > 1:
            part[...] = planes.transpose(0, 2, 3, 1)

    with one_thread:
        parallel.each(list(items(n_images, image[0], rows * length * len(weights))), task)
    return dx


def items(images: int, height: int, size: int) -> Iterator[tuple[slice, slice]]:
    """Some images and all of their lines, or a single image and some of them.

    Args:
        images: how many there are.
        height: lines of each.
        size: elements of the windows of each.
    """
    together = MATRIX // max(size, 1)
    if together:
        some = parallel.pieces(slice(0, images), min(together, max(images // TASKS, 1)))
        yield from itertools.product(some, [slice(0, height)])
    else:
        lines = max(height * MATRIX // size, 1)
        each = parallel.pieces(slice(0, images), 1)
        yield from itertools.product(each, parallel.pieces(slice(0, height), lines))


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
def add_planes(
    matrix: Array,
    window: Numbers,
    rows: tuple[int, int],
    length: int,
    top: int,
    planes: Array,
) -> None:
    """Add windows (KH KW C, N*P*OW) to planes (N, C, lines, W).

    The windows are those of rows `rows`, each of `length`; the first line is line `top`.
    """
    kh, kw, sh, sw, dh, dw, above, left = window
    images, channels, lines, width = planes.shape
    for n in range(images):
        for p in range(rows[0], rows[1]):
            at = (n * (rows[1] - rows[0]) + p - rows[0]) * length
            for i in range(kh):
                line = p * sh - above + i * dh - top
                for j in range(kw if 0 <= line < lines else 0):
                    first, stop = inside(j * dw - left, length, sw, width)
                    for c in range(channels):
                        source = matrix[(i * kw + j) * channels + c, at + first : at + stop]
                        target = planes[n, c, line, first * sw + j * dw - left :]
                        if sw == 1:
                            for q in range(source.size):
                                target[q] += source[q]
                        else:
                            for q in range(source.size):
                                target[q * sw] += source[q]
