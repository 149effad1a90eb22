"""Convolution, by several algorithms; `choice` says which of them a call takes.

* ``im2col``    windows as rows of a matrix, block by block, and BLAS; the readable one
* ``direct``, ``direct_gradient``   the micro-kernel on the images as they lie
* ``depthwise``   where each channel is a group
* ``product``   where a window is the whole image
* ``planes``    the gradient of images of few channels: im2col turned round
* ``wide``      direct, where a pixel's filters would leave most of a vector empty
* ``winograd``  fewer multiplications for 3x3 kernels, not exact
"""

from __future__ import annotations

from ... import chooser
from ... import kernel as registered
from ...geometry import Pair, Window
from ...ops import Array, Curve
from ..finish import finish
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


@chooser("conv2d", backend="numba")
def forward(
    x: Array,
    kernel: Array,
    window: Window,
    groups: int,
    exact: bool = True,
    bias: Array | None = None,
    activation: Curve | None = None,
) -> str:
    """The algorithm's name."""
    image, filters = (x.shape[1], x.shape[2]), kernel.shape[3]
    shape = Shape(len(x), image, x.shape[3], filters, window, groups, x.itemsize)
    return choice.forward(shape, exact)


@registered("conv2d", backend="numba")
def conv2d(
    x: Array,
    kernel: Array,
    window: Window,
    groups: int,
    exact: bool = True,
    bias: Array | None = None,
    activation: Curve | None = None,
) -> Array:
    """By the algorithm that is chosen for the shape."""
    algorithm = ALGORITHMS[forward(x, kernel, window, groups, exact)]
    finishing = finish(bias, activation, kernel.shape[3], x.dtype)
    return algorithm.conv2d(x, kernel, window, groups, finishing)


@chooser("conv2d_input_gradient", backend="numba")
def input_gradient(
    dy: Array, kernel: Array, window: Window, groups: int, image: Pair, exact: bool = True
) -> str:
    """The algorithm's name."""
    channels, filters = kernel.shape[2] * groups, kernel.shape[3]
    shape = Shape(len(dy), image, channels, filters, window, groups, dy.itemsize)
    return choice.input_gradient(shape, exact)


@registered("conv2d_input_gradient", backend="numba")
def conv2d_input_gradient(
    dy: Array, kernel: Array, window: Window, groups: int, image: Pair, exact: bool = True
) -> Array:
    """By the algorithm that is chosen for the shape."""
    algorithm = ALGORITHMS[input_gradient(dy, kernel, window, groups, image, exact)]
    return algorithm.input_gradient(dy, kernel, window, groups, image)


@chooser("conv2d_kernel_gradient", backend="numba")
def kernel_gradient(
    x: Array,
    dy: Array,
    window: Window,
    groups: int,
    exact: bool = True,
    out: Array | None = None,
) -> str:
    """The algorithm's name."""
    image, filters = (x.shape[1], x.shape[2]), dy.shape[3]
    shape = Shape(len(x), image, x.shape[3], filters, window, groups, x.itemsize)
    return choice.kernel_gradient(shape, exact)


@registered("conv2d_kernel_gradient", backend="numba")
def conv2d_kernel_gradient(
    x: Array,
    dy: Array,
    window: Window,
    groups: int,
    exact: bool = True,
    out: Array | None = None,
) -> Array:
    """By the algorithm that is chosen for the shape."""
    algorithm = ALGORITHMS[kernel_gradient(x, dy, window, groups, exact)]
    gradient = algorithm.kernel_gradient(x, dy, window, groups, out)
    return gradient if out is None else out
