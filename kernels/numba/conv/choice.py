"""Which algorithm a convolution takes: a pure function of its shape."""

from __future__ import annotations

from .algorithms import ALGORITHMS, Shape

MANY = 128
"""Cells of a kernel for each of which direct has tables of its own."""

TILES = 200
"""Of images, for Winograd's to repay the kernel's transform."""

CHANNELS = 16
"""And of inputs and outputs, for the products to repay the tiles' transforms."""


def forward(shape: Shape, exact: bool) -> str:
    """For `Ops.conv2d`."""
    return special(shape) or filtering(shape, exact) or "direct"


def input_gradient(shape: Shape, exact: bool) -> str:
    """For `Ops.conv2d_input_gradient`. With few channels to write, direct fills no vector."""
    few = shape.channels // shape.groups <= 4 and shape.filters // shape.groups >= 16
    general = "im2col" if few or large(shape) else filtering(shape, exact) or "direct"
    return special(shape) or general


def kernel_gradient(shape: Shape, exact: bool) -> str:
    """For `Ops.conv2d_kernel_gradient`. A kernel of one cell does not repay what direct copies."""
    pointwise = shape.window.size == (1, 1)
    general = "im2col" if pointwise or large(shape) else filtering(shape, exact) or "direct"
    return special(shape) or general


def special(shape: Shape) -> str | None:
    """What is for this kind of shape only, if it is of one."""
    kinds = ("product", "depthwise")
    return next((kind for kind in kinds if ALGORITHMS[kind].fits(shape)), None)


def large(shape: Shape) -> bool:
    """Whether the kernel has too many cells for tables of each."""
    return shape.window.size[0] * shape.window.size[1] > MANY


def filtering(shape: Shape, exact: bool) -> str | None:
    """Which of Winograd's algorithms pays, if any does."""
    if exact or shape.itemsize != 4 or min(shape.channels, shape.filters) < CHANNELS:
        return None
    rows, columns = shape.window.output_size(shape.image)
    for name, m in (("winograd4", 4), ("winograd2", 2)):
        if (
            ALGORITHMS[name].fits(shape)
            and shape.images * -(-rows // m) * -(-columns // m) >= TILES
        ):
            return name
    return None
