"""Depthwise convolution: each channel has kernels of its own, so there is no matrix product.

Channels lie side by side, and a vector of them is multiplied by a vector of the kernel, cell by
cell. Where a channel has several filters it is repeated, and then has one.

Lines are the rows of all outputs, counted through the images. Sums are plain sums. In float32 the
largest error is 1e-6 of the largest output, of a kernel's gradient over millions of pixels 4e-6.
"""

from __future__ import annotations

import numpy as np

from ...geometry import Pair, Window
from ...ops import Array, into
from .. import launch, memory, parallel
from ..finish import Finish, finish_run
from ..jit import compiled
from ..launch import read
from ..windows import Numbers, inside, numbers

GRAIN = 1 << 20
"""Multiplications of a task."""


def fits(channels: int, groups: int) -> bool:
    """Whether each channel is a group."""
    return groups == channels > 1


def conv2d(x: Array, kernel: Array, window: Window, groups: int, finish: Finish) -> Array:
    """See `Ops.conv2d`; a group for each channel."""
    filters, outputs = kernel.shape[3], window.output_size((x.shape[1], x.shape[2]))
    y = memory.zeros((len(x), *outputs, filters), x.dtype)
    images, weights, edges = (
        repeated(x, filters),
        read(kernel.reshape(-1, filters)),
        blocks(y, window),
    )
    launch.each(forward, len(edges) - 1, edges, images, weights, numbers(window), y, finish)
    return y


def conv2d_input_gradient(
    dy: Array, kernel: Array, window: Window, groups: int, image: Pair
) -> Array:
    """See `Ops.conv2d_input_gradient`. A task takes whole images: lines overlap."""
    filters = kernel.shape[3]
    dx = memory.zeros((len(dy), *image, filters), dy.dtype)
    weights, edges = read(kernel.reshape(-1, filters)), np.arange(len(dy) + 1)
    launch.blocks(backward, edges, [read(dy)], [weights, numbers(window)], dx)
    several: Array = dx.reshape(*dx.shape[:3], groups, filters // groups)
    return dx if filters == groups else np.add.reduce(several, axis=4)


def conv2d_kernel_gradient(
    x: Array, dy: Array, window: Window, groups: int, out: Array | None = None
) -> Array:
    """See `Ops.conv2d_kernel_gradient`; a group for each channel."""
    filters = dy.shape[3]
    images, edges = repeated(x, filters), blocks(dy, window)
    partial = np.zeros((max(len(edges) - 1, 1), window.size[0] * window.size[1], filters), x.dtype)
    common = edges, images, read(dy), numbers(window)
    launch.each(kernel_gradient, len(edges) - 1, *common, partial)
    return into(out, launch.add_in_order(partial).reshape(*window.size, 1, filters))


def repeated(x: Array, filters: int) -> Array:
    """X with each channel as often as it has filters."""
    return read(x if x.shape[3] == filters else np.repeat(x, filters // x.shape[3], axis=3))


def blocks(y: Array, window: Window) -> Array:
    """The edges of blocks of all outputs' lines that are each worth a thread."""
    images, rows, length, filters = y.shape
    line = window.size[0] * window.size[1] * length * filters
    return parallel.edges(images * rows, max(GRAIN // line, 1))


@compiled("contract")
def forward(
    block: int,
    _: int,
    edges: Array,
    x: Array,
    weights: Array,
    window: Numbers,
    y: Array,
    finish: Finish,
) -> None:
    """Add to lines of y (N, OH, OW, O) what x (N, H, W, O) and weights (KH KW, O) make; finish."""
    kh, kw, sh, sw, dh, dw, top, left = window
    results, length = y.reshape(-1), y.shape[2] * y.shape[3]
    for line in range(edges[block], edges[block + 1]):
        n, p = divmod(line, y.shape[1])
        start, end = inside(p * sh - top, kh, dh, x.shape[1])
        for i in range(start, end):
            row = x[n, p * sh - top + i * dh]
            for j in range(kw):
                q_first, q_stop = inside(j * dw - left, y.shape[2], sw, x.shape[2])
                weight = weights[i * kw + j]
                for q in range(q_first, q_stop):
                    cell, out = row[q * sw - left + j * dw], y[n, p, q]
                    for c in range(out.size):
                        out[c] += cell[c] * weight[c]
        if finish.function:
            finish_run(results, line * length, length, finish)


@compiled("contract")
def backward(dy: Array, weights: Array, window: Numbers, dx: Array) -> None:
    """Add to dx (N, H, W, O) what dy (N, OH, OW, O) and weights (KH KW, O) make."""
    kh, kw, sh, sw, dh, dw, top, left = window
    for n in range(dy.shape[0]):
        for p in range(dy.shape[1]):
            start, end = inside(p * sh - top, kh, dh, dx.shape[1])
            for i in range(start, end):
                row = dx[n, p * sh - top + i * dh]
                for j in range(kw):
                    q_first, q_stop = inside(j * dw - left, dy.shape[2], sw, dx.shape[2])
                    weight = weights[i * kw + j]
                    for q in range(q_first, q_stop):
                        cell, up = row[q * sw - left + j * dw], dy[n, p, q]
                        for c in range(up.size):
                            cell[c] += up[c] * weight[c]


@compiled("contract")
def kernel_gradient(
    block: int, _: int, edges: Array, x: Array, dy: Array, window: Numbers, partial: Array
) -> None:
    """Add to weights (KH KW, O) what lines of dy (N, OH, OW, O) and x (N, H, W, O) make."""
    kh, kw, sh, sw, dh, dw, top, left = window
    weights = partial[block]
    for line in range(edges[block], edges[block + 1]):
        n, p = divmod(line, dy.shape[1])
        start, end = inside(p * sh - top, kh, dh, x.shape[1])
        for i in range(start, end):
            row = x[n, p * sh - top + i * dh]
            for j in range(kw):
                q_first, q_stop = inside(j * dw - left, dy.shape[2], sw, x.shape[2])
                weight = weights[i * kw + j]
                for q in range(q_first, q_stop):
                    cell, up = row[q * sw - left + j * dw], dy[n, p, q]
                    for c in range(up.size):
                        weight[c] += cell[c] * up[c]
