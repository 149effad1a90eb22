"""Convolution whose window is the whole image: one output pixel, so a plain matrix product.

    y = x @ kernel      dkernel = x^T @ dy      dx = dy @ kernel^T

for images and kernels laid out as rows, see `matrices.py`; but of dx the sums are short and the
rows are long: kernel^T becomes panels for the micro-kernel, some columns at a time.

Sums are plain sums. In float32 the largest error is 1e-6 of the largest output.
"""

from __future__ import annotations

import math

import numpy as np

from ...geometry import Pair, Window
from ...ops import Array
from .. import launch, memory, parallel
from ..calls import call_at
from ..finish import NOTHING, Finish
from ..jit import compiled
from ..launch import flat
from ..matrices import product
from ..microkernel.panels import fill
from ..microkernel.sweep import Left, Product, Result, Right, sweep_address, table
from ..microkernel.target import TARGET

SCRATCH = 1 << 15
"""Elements of a task's panels: 128 KiB in float32, so that they stay in the cache."""


def fits(window: Window, image: Pair, groups: int) -> bool:
    """Whether a window holds just the image."""
    return window == Window(image) and groups == 1


def conv2d(x: Array, kernel: Array, window: Window, groups: int, finish: Finish) -> Array:
    """See `Ops.conv2d`."""
    filters = kernel.shape[3]
    y = product(as_rows(x), kernel.reshape(-1, filters), finish)
    return y.reshape(-1, 1, 1, filters)


def conv2d_input_gradient(
    dy: Array, kernel: Array, window: Window, groups: int, image: Pair
) -> Array:
    """See `Ops.conv2d_input_gradient`."""
    filters, size = kernel.shape[3], kernel[..., 0].size
    width, none = TARGET.columns(dy.itemsize), np.zeros(1, np.int64)
    most = max(SCRATCH // (filters * width), 1) * width
    edges = np.append(np.arange(0, size, most), size)
    seats = parallel.threads()
    dx = memory.empty((len(dy), *image, kernel.shape[2]), dy.dtype)
    launch.each(
        multiply_columns,
        len(edges) - 1,
        sweep_address(dy.dtype),
        edges,
        Left(flat(dy), np.arange(len(dy)) * filters, 0, none, 1),
        flat(kernel),
        np.arange(filters),
        memory.empty((seats, most // width, filters, width), dy.dtype),
        Result(dx.reshape(-1), np.arange(len(dy)) * size, 0),
        table([Product(0, 0, 0, 0, 1, filters, 0, len(dy), 0, len(dy))]),
        NOTHING[dy.itemsize],
        seats=seats,
    )
    return dx


@compiled()
def multiply_columns(
    block: int,
    seat: int,
    sweeping: int,
    edges: Array,
    left: Left,
    kernel: Array,
    rows: Array,
    scratch: Array,
    result: Result,
    products: Array,
    nothing: Finish,
) -> None:
    """Some columns of dy @ kernel^T. Scratch: for each seat (P, filters, width)."""
    first, count = edges[block], edges[block + 1] - edges[block]
    filters, width = scratch.shape[2:]
    panels = scratch[seat, : -(-count // width)]
    none = edges[0]
    fill(kernel[first * filters :], rows, filters, count, none, filters, panels)
    placed = products.copy()
    placed[0, 2] = first
    right = Right(panels.reshape(-1), left.taps, width, filters * width)
    call_at(sweeping, (left, right, result, placed, count, False, nothing))


def conv2d_kernel_gradient(
    x: Array, dy: Array, window: Window, groups: int, out: Array | None = None
) -> Array:
    """See `Ops.conv2d_kernel_gradient`."""
    filters = dy.shape[3]
    rows = None if out is None else out.reshape(-1, filters)
    dkernel = product(as_rows(x).T, dy.reshape(-1, filters), NOTHING[x.itemsize], rows)
    return dkernel.reshape(*window.size, x.shape[3], filters)


def as_rows(images: Array) -> Array:
    """Each image as a row (N, H*W*C), also where there is none."""
    return images.reshape(len(images), math.prod(images.shape[1:]))
