"""Convolution, by several algorithms; `choice` says which of them a call takes.

* ``im2col``    windows as rows of a matrix, and cuBLAS; the readable one, for comparison
* ``product``   where windows do not overlap and leave nothing out: the images are that matrix
* ``direct``    where groups have a few channels each
* ``implicit_gemm``   all others: the matrix of windows is read off the images, tile by tile
"""

from __future__ import annotations

from ... import chooser
from ... import kernel as registered
from ...geometry import Pair, Window
from ...ops import Array, Curve, into
from ..finish import Finish
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


@chooser("conv2d", backend="cupy")
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
    return choice.of(Shape(len(x), x.shape[1:3], x.shape[3], kernel.shape[3], window, groups))


@registered("conv2d", backend="cupy")
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
    algorithm = ALGORITHMS[forward(x, kernel, window, groups)]
    return algorithm.conv2d(x, kernel, window, groups, Finish(bias, activation))


@chooser("conv2d_input_gradient", backend="cupy")
def input_gradient(
    dy: Array, kernel: Array, window: Window, groups: int, image: Pair, exact: bool = True
) -> str:
    """The algorithm's name."""
    channels, filters = kernel.shape[2] * groups, kernel.shape[3]
    return choice.of(Shape(len(dy), image, channels, filters, window, groups))


@registered("conv2d_input_gradient", backend="cupy")
def conv2d_input_gradient(
    dy: Array, kernel: Array, window: Window, groups: int, image: Pair, exact: bool = True
) -> Array:
    """By the algorithm that is chosen for the shape."""
    algorithm = ALGORITHMS[input_gradient(dy, kernel, window, groups, image)]
    return algorithm.input_gradient(dy, kernel, window, groups, image)


@chooser("conv2d_kernel_gradient", backend="cupy")
def kernel_gradient(
    x: Array,
    dy: Array,
    window: Window,
    groups: int,
    exact: bool = True,
    out: Array | None = None,
) -> str:
    """The algorithm's name."""
    return choice.of(Shape(len(x), x.shape[1:3], x.shape[3], dy.shape[3], window, groups))


@registered("conv2d_kernel_gradient", backend="cupy")
def conv2d_kernel_gradient(
    x: Array,
    dy: Array,
    window: Window,
    groups: int,
    exact: bool = True,
    out: Array | None = None,
) -> Array:
    """By the algorithm that is chosen for the shape."""
    algorithm = ALGORITHMS[kernel_gradient(x, dy, window, groups)]
    return into(out, algorithm.kernel_gradient(x, dy, window, groups))
