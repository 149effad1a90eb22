"""The algorithms for convolution, and which shapes each of them can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple, NoReturn

from ...geometry import Pair, Window
from ...ops import Array
from ..finish import Finish
from . import depthwise, direct, direct_gradient, im2col, planes, product, wide, winograd


class Shape(NamedTuple):
    """A convolution, as far as the choice of its algorithm depends on it."""

    images: int
    image: Pair
    channels: int
    filters: int
    window: Window
    groups: int
    itemsize: int


def missing(*arguments: object) -> NoReturn:
    """Instead of a function that an algorithm has not: `choice` names none for it."""
    raise NotImplementedError("this algorithm has no such function, see Algorithm.has")


class Algorithm(NamedTuple):
    """One way to compute a convolution and its gradients, or some of them."""

    conv2d: Callable[[Array, Array, Window, int, Finish], Array] = missing
    input_gradient: Callable[[Array, Array, Window, int, Pair], Array] = missing
    kernel_gradient: Callable[..., Array] = missing
    """Of x, dy, window, groups and, if it is there already, the memory for the result."""
    fits: Callable[[Shape], bool] = lambda shape: True
    """Whether it can do a shape."""
    exact: bool = True
    """Whether its sums are plain sums."""

    def has(self, function: str) -> bool:
        """Whether it has one of the three functions."""
        return getattr(self, function) is not missing


def filtering(m: int) -> Algorithm:
    """Winograd's for tiles of m x m. There is one group."""
    return Algorithm(
        lambda x, kernel, window, groups, finish: winograd.conv2d(x, kernel, window, m, finish),
        lambda dy, kernel, window, groups, image: winograd.conv2d_input_gradient(
            dy, kernel, window, image, m
        ),
        lambda x, dy, window, groups, out=None: winograd.conv2d_kernel_gradient(
            x, dy, window, m, out
        ),
        lambda shape: winograd.fits(shape.window, shape.groups),
        exact=False,
    )


ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType(
    {
        "im2col": Algorithm(
            im2col.conv2d, im2col.conv2d_input_gradient, im2col.conv2d_kernel_gradient
        ),
        "direct": Algorithm(
            direct.conv2d, direct.conv2d_input_gradient, direct_gradient.conv2d_kernel_gradient
        ),
        "depthwise": Algorithm(
            depthwise.conv2d,
            depthwise.conv2d_input_gradient,
            depthwise.conv2d_kernel_gradient,
            lambda shape: depthwise.fits(shape.channels, shape.groups),
        ),
        "product": Algorithm(
            product.conv2d,
            product.conv2d_input_gradient,
            product.conv2d_kernel_gradient,
            lambda shape: product.fits(shape.window, shape.image, shape.groups),
        ),
        "planes": Algorithm(
            input_gradient=planes.conv2d_input_gradient,
            fits=lambda shape: planes.fits(shape.window, shape.image, shape.channels, shape.groups),
        ),
        "wide": Algorithm(
            wide.conv2d,
            wide.conv2d_input_gradient,
            wide.conv2d_kernel_gradient,
            lambda shape: wide.fits(shape.window, shape.groups),
            exact=False,
        ),
        "winograd2": filtering(2),
        "winograd4": filtering(4),
    }
)
