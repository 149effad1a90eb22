"""Convolution, by several algorithms; `choice` says which of them a call takes.

* ``im2col``    windows as rows of a matrix, block by block, and BLAS; the readable one
* ``direct``, ``direct_gradient``   the micro-kernel on the images as they lie
* ``depthwise``   where each channel is a group
* ``product``   where a window is the whole image
* ``winograd``  fewer multiplications for 3x3 kernels, not exact
"""

from __future__ import annotations

from ... import kernel as registered
from ...geometry import Pair, Window
from ...ops import Array
from . import choice
from .algorithms import ALGORITHMS, Shape

__all__ = [
    "ALGORITHMS",
    "Shape",
    "choice",
    "conv2d",
    "conv2d_input_gradient",
    "conv2d_kernel_gradient",
]


@registered("conv2d", backend="numba")
def conv2d(x: Array, kernel: Array, window: Window, groups: int, exact: bool = True) -> Array:
    """By the algorithm that is chosen for the shape."""
    filters = kernel.shape[3]
    shape = Shape(len(x), (x.shape[1], x.shape[2]), x.shape[3], filters, window, groups, x.itemsize)
    return ALGORITHMS[choice.forward(shape, exact)].conv2d(x, kernel, window, groups)


@registered("conv2d_input_gradient", backend="numba")
def conv2d_input_gradient(
    dy: Array, kernel: Array, window: Window, groups: int, image: Pair, exact: bool = True
) -> Array:
    """By the algorithm that is chosen for the shape."""
    channels = kernel.shape[2] * groups
    shape = Shape(len(dy), image, channels, kernel.shape[3], window, groups, dy.itemsize)
    algorithm = ALGORITHMS[choice.input_gradient(shape, exact)]
    return algorithm.input_gradient(dy, kernel, window, groups, image)


@registered("conv2d_kernel_gradient", backend="numba")
def conv2d_kernel_gradient(
    x: Array, dy: Array, window: Window, groups: int, exact: bool = True
) -> Array:
    """By the algorithm that is chosen for the shape."""
    image, channels = (x.shape[1], x.shape[2]), x.shape[3]
    shape = Shape(len(x), image, channels, dy.shape[3], window, groups, x.itemsize)
    algorithm = ALGORITHMS[choice.kernel_gradient(shape, exact)]
    return algorithm.kernel_gradient(x, dy, window, groups)
