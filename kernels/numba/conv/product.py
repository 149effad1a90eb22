"""Convolution whose window is the whole image: one output pixel, so a plain matrix product.

    y = x @ kernel      dkernel = x^T @ dy      dx = dy @ kernel^T

for images and kernels laid out as rows. Nothing is copied.
"""

from __future__ import annotations

from ...geometry import Pair, Window
from ...ops import Array
from ..blas import product
from ..finish import NOTHING, Finish


def fits(window: Window, image: Pair, groups: int) -> bool:
    """Whether a window holds just the image."""
    return window == Window(image) and groups == 1


def conv2d(x: Array, kernel: Array, window: Window, groups: int, finish: Finish) -> Array:
    """See `Ops.conv2d`."""
    filters = kernel.shape[3]
    y = product(x.reshape(len(x), -1), kernel.reshape(-1, filters), finish)
    return y.reshape(-1, 1, 1, filters)


def conv2d_input_gradient(
    dy: Array, kernel: Array, window: Window, groups: int, image: Pair
) -> Array:
    """See `Ops.conv2d_input_gradient`."""
    filters = kernel.shape[3]
    nothing = NOTHING[dy.itemsize]
    dx = product(dy.reshape(-1, filters), kernel.reshape(-1, filters).T, nothing)
    return dx.reshape(-1, *image, kernel.shape[2])


def conv2d_kernel_gradient(x: Array, dy: Array, window: Window, groups: int) -> Array:
    """See `Ops.conv2d_kernel_gradient`."""
    filters = dy.shape[3]
    dkernel = product(x.reshape(len(x), -1).T, dy.reshape(-1, filters), NOTHING[x.itemsize])
    return dkernel.reshape(*window.size, x.shape[3], filters)
