"""Which algorithm a convolution takes: a pure function of its shape."""

from __future__ import annotations

from typing import NamedTuple

from ...geometry import Pair, Window
from . import winograd

MANY = 128
"""Cells of a kernel for each of which direct has tables of its own."""


class Shape(NamedTuple):
    """A convolution, as far as the choice depends on it."""

    images: int
    image: Pair
    channels: int
    filters: int
    window: Window
    groups: int
    itemsize: int


def forward(shape: Shape, exact: bool) -> str:
    """For `Ops.conv2d`."""
    return winograd_of(shape, exact) or "direct"


def input_gradient(shape: Shape, exact: bool) -> str:
    """For `Ops.conv2d_input_gradient`. With few channels to write, direct fills no vector."""
    few = shape.channels // shape.groups <= 4 and shape.filters // shape.groups >= 16
    return "im2col" if few or large(shape) else winograd_of(shape, exact) or "direct"


def kernel_gradient(shape: Shape, exact: bool) -> str:
    """For `Ops.conv2d_kernel_gradient`. A kernel of one cell does not repay what direct copies."""
    pointwise = shape.window.size == (1, 1)
    return "im2col" if pointwise or large(shape) else winograd_of(shape, exact) or "direct"


def large(shape: Shape) -> bool:
    """Whether the kernel has too many cells for tables of each."""
    return shape.window.size[0] * shape.window.size[1] > MANY


def winograd_of(shape: Shape, exact: bool) -> str | None:
    """Which of Winograd's algorithms pays, if any does."""
    if exact or shape.itemsize != 4 or not winograd.fits(shape.window, shape.groups):
        return None
    if min(shape.channels, shape.filters) < 16:
        return None
    rows, columns = shape.window.output_size(shape.image)
    tiles = {m: shape.images * -(-rows // m) * -(-columns // m) for m in (2, 4)}
    if tiles[4] >= 200:
        return "winograd4"
    return "winograd2" if tiles[2] >= 200 else None
