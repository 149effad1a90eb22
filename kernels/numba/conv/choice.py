"""Which algorithm a convolution takes: a pure function of its shape.

Whether Winograd's filtering repays its transforms is estimated from their costs, as measured with
AVX2 at some 3 GHz. Only the ratios matter.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from .algorithms import ALGORITHMS, Shape

MANY = 128
"""Cells of a kernel for each of which direct has tables of its own."""

PRODUCT = 0.024
"""Nanoseconds of a multiplication and addition in large products, on one thread."""

DIRECT = 1.15
"""How much longer one takes in a direct convolution."""

PACKED = 0.5
"""Nanoseconds for a number of the kernel, to be packed into panels."""


class Filtering(NamedTuple):
    """What Winograd's algorithm costs for tiles of m x m, in nanoseconds."""

    m: int
    tile: float
    """Finding a tile's places."""
    channel: float
    """Transforming one channel of it."""
    filter: float
    """Transforming one 3x3 filter of one channel: most of it is memory traffic."""
    gradient: float
    """Adding up and transforming back its gradient."""
    call: float = 50_000
    """What the other algorithms have less of, such as handing out tasks."""


FILTERING = {
    "winograd4": Filtering(4, 300, 10, 100, 250),
    "winograd2": Filtering(2, 200, 4.5, 60, 125),
}


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
    fewer = filtering(shape, exact, gradient=True)
    general = "im2col" if pointwise or large(shape) else fewer or "direct"
    return special(shape) or general


def special(shape: Shape) -> str | None:
    """What is for this kind of shape only, if it is of one."""
    kinds = ("product", "depthwise")
    return next((kind for kind in kinds if ALGORITHMS[kind].fits(shape)), None)


def large(shape: Shape) -> bool:
    """Whether the kernel has too many cells for tables of each."""
    return shape.window.size[0] * shape.window.size[1] > MANY


def filtering(shape: Shape, exact: bool, gradient: bool = False) -> str | None:
    """Which of Winograd's algorithms pays, if any does: the cheapest, by what was measured.

    Args:
        gradient: the kernel's is wanted.
    """
    if exact or shape.itemsize != 4:
        return None
    rows, columns = shape.window.output_size(shape.image)
    weights = shape.channels * shape.filters
    pixels, cells = shape.images * rows * columns, math.prod(shape.window.size)
    packing = cells * weights * PACKED
    costs: dict[str | None, float] = {None: pixels * cells * weights * PRODUCT * DIRECT + packing}
    for name, cost in FILTERING.items():
        if ALGORITHMS[name].fits(shape):
            tiles = shape.images * -(-rows // cost.m) * -(-columns // cost.m)
            costs[name] = (
                tiles * (cost.m + 2) ** 2 * weights * PRODUCT
                + tiles * (cost.tile + (shape.channels + shape.filters) * cost.channel)
                + weights * (cost.gradient if gradient else cost.filter)
                + packing
                + cost.call
            )
    return min(costs, key=lambda name: costs[name])
