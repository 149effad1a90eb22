"""Convolution, by several algorithms; `choice` says which of them a call takes.

* ``im2col``    windows as rows of a matrix, block by block, and BLAS; the readable one
* ``direct``, ``direct_gradient``   the micro-kernel on the images as they lie
* ``winograd``  fewer multiplications for 3x3 kernels, not exact
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from ... import kernel as registered
from ...geometry import Pair, Window
from ...ops import Array
from . import choice, direct, direct_gradient, im2col, winograd
from .choice import Shape


class Algorithm(NamedTuple):
    """One way to compute a convolution and its gradients."""

    conv2d: Callable[[Array, Array, Window, int], Array]
    input_gradient: Callable[[Array, Array, Window, int, Pair], Array]
    kernel_gradient: Callable[[Array, Array, Window, int], Array]


def filtering(m: int) -> Algorithm:
    """Winograd's for tiles of m x m. There is one group."""
    return Algorithm(
        lambda x, kernel, window, groups: winograd.conv2d(x, kernel, window, m),
        lambda dy, kernel, window, groups, image: winograd.conv2d_input_gradient(
            dy, kernel, window, image, m
        ),
        lambda x, dy, window, groups: winograd.conv2d_kernel_gradient(x, dy, window, m),
    )


ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType(
    {
        "im2col": Algorithm(
            im2col.conv2d, im2col.conv2d_input_gradient, im2col.conv2d_kernel_gradient
        ),
        "direct": Algorithm(
            direct.conv2d, direct.conv2d_input_gradient, direct_gradient.conv2d_kernel_gradient
        ),
        "winograd2": filtering(2),
        "winograd4": filtering(4),
    }
)


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
