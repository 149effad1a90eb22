"""Convolution, one product at a time.

`products` lists every product of the sum that defines a convolution. The forward pass and both
gradients are that one list, read three ways::

    y[output]  += x[read]    * kernel[weight]
    dx[read]   += dy[output] * kernel[weight]
    dk[weight] += dy[output] * x[read]
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .. import kernel
from ..geometry import Pair, Window
from ..ops import Array, Curve, into
from .activation import finished
from .scalars import doubles
from .windows import cell, is_real

Place = tuple[int, ...]


def products(
    images: Place, kernel: Place, window: Window, groups: int
) -> Iterator[tuple[Place, Place, Place]]:
    """(output, read, weight) of every product: its places in y, in x and in the kernel.

    `images` and `kernel` are shapes. Products with cells outside the image are 0 and left out.
    """
    n_images, height, width, _ = images
    kh, kw, depth, filters = kernel
    for n, p, q, o in np.ndindex(n_images, *window.output_size((height, width)), filters):
        first_channel = o // (filters // groups) * depth
        for i, j, c in np.ndindex(kh, kw, depth):
            row, column = cell(window, p, q, i, j)
            if is_real((row, column), (height, width)):
                yield (n, p, q, o), (n, row, column, first_channel + c), (i, j, c, o)


@kernel("conv2d", backend="naive")
def conv2d(
    x: Array,
    kernel: Array,
    window: Window,
    groups: int,
    exact: bool = True,
    bias: Array | None = None,
    activation: Curve | None = None,
) -> Array:
    """Each output is the sum of its products."""
    cells, weights = doubles(x, kernel)
    n_images, height, width, _ = x.shape
    y = np.zeros((n_images, *window.output_size((height, width)), kernel.shape[-1]))
    for output, read, weight in products(x.shape, kernel.shape, window, groups):
        y[output] += cells[read] * weights[weight]
    return finished(y.astype(x.dtype), bias, activation)


@kernel("conv2d_input_gradient", backend="naive")
def conv2d_input_gradient(
    dy: Array, kernel: Array, window: Window, groups: int, image: Pair, exact: bool = True
) -> Array:
    """Each product hands dy times its weight to its cell."""
    outputs, weights = doubles(dy, kernel)
    dx = np.zeros((len(dy), *image, kernel.shape[2] * groups))
    for output, read, weight in products(dx.shape, kernel.shape, window, groups):
        dx[read] += outputs[output] * weights[weight]
    return dx.astype(dy.dtype)


@kernel("conv2d_kernel_gradient", backend="naive")
def conv2d_kernel_gradient(
    x: Array,
    dy: Array,
    window: Window,
    groups: int,
    exact: bool = True,
    out: Array | None = None,
) -> Array:
    """Each product hands dy times its cell to its weight."""
    cells, outputs = doubles(x, dy)
    dk = np.zeros((*window.size, x.shape[-1] // groups, dy.shape[-1]))
    for output, read, weight in products(x.shape, dk.shape, window, groups):
        dk[weight] += outputs[output] * cells[read]
    return into(out, dk.astype(dy.dtype))
