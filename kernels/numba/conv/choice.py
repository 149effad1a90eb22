"""Which algorithm a convolution takes: a pure function of its shape.

Whether Winograd's filtering repays its transforms is estimated from what each of them costs, see
`costs.py`.
"""

from __future__ import annotations

import functools
import math

from ...geometry import Pair, Window
from . import wide
from .algorithms import ALGORITHMS, Shape
from .costs import CHOSEN, Costs
from .lines import forward_lines

MANY = 128
"""Cells of a kernel for each of which direct has tables of its own."""

MANY_PIXELS = 128
"""Outputs of an image of few channels: fewer are not worth panels of their own."""

WIDE = 1 << 19
"""Products that repay to widen a kernel: 20 us."""

WIDE_GRADIENT = 1 << 22
"""The same where the kernel's gradient is summed up from that of the wide one."""

MOST_SUMMED = 2048
"""Channels or filters that Winograd's tiles of 4 x 4 are taken for: with four times as many their
rounding errors are larger than `Ops.conv2d` allows."""


@functools.lru_cache(maxsize=1024)
def forward(shape: Shape, exact: bool) -> str:
    """For `Ops.conv2d`."""
    few = None if exact else side_by_side(shape)
    return special(shape) or few or filtering(shape, exact) or "direct"


@functools.lru_cache(maxsize=1024)
def input_gradient(shape: Shape, exact: bool) -> str:
    """For `Ops.conv2d_input_gradient`."""
    few = planes(shape) or (None if exact else side_by_side_back(shape))
    return special(shape) or few or windows(shape) or filtering(shape, exact) or "direct"


@functools.lru_cache(maxsize=1024)
def kernel_gradient(shape: Shape, exact: bool) -> str:
    """For `Ops.conv2d_kernel_gradient`."""
    few = windows(shape) or (None if exact else side_by_side(shape, WIDE_GRADIENT))
    return special(shape) or few or filtering(shape, exact, gradient=True) or "direct"


def special(shape: Shape) -> str | None:
    """What is for this kind of shape only, if it is of one."""
    kinds = ("product", "depthwise")
    return next((kind for kind in kinds if ALGORITHMS[kind].fits(shape)), None)


def planes(shape: Shape) -> str | None:
    """What fills vectors where there are few channels to write, as direct does not."""
    pixels = math.prod(shape.window.output_size(shape.image))
    enough = pixels >= MANY_PIXELS or windows(shape)
    return "planes" if enough and ALGORITHMS["planes"].fits(shape) else None


def side_by_side(shape: Shape, least: int = WIDE) -> str | None:
    """What puts several outputs into a vector, where a pixel's filters leave room for them."""
    _, columns = shape.window.output_size(shape.image)
    return shared_vectors(shape, columns, (shape.channels, shape.filters), least)


def side_by_side_back(shape: Shape) -> str | None:
    """The same where the image's channels are written, at stride 1."""
    plain = shape.window.strides == (1, 1)
    depths = shape.filters, shape.channels
    return shared_vectors(shape, shape.image[1], depths, WIDE) if plain else None


def shared_vectors(shape: Shape, columns: int, depths: Pair, least: int) -> str | None:
    """The same for so many columns, numbers read and written of a pixel, and products at least.

    As Winograd's it is for float32 only: in float64 a NaN stays where it is read.
    """
    m = wide.pixels(shape.window, columns, *depths, shape.itemsize)
    cells = math.prod(wide.widened(shape.window, m).size)
    outputs = shape.images * math.prod(shape.window.output_size(shape.image))
    products = outputs * math.prod(shape.window.size) * shape.channels * shape.filters
    pays = shape.itemsize == 4 and m > 1 and cells <= MANY and products >= least
    return "wide" if pays and ALGORITHMS["wide"].fits(shape) else None


def windows(shape: Shape) -> str | None:
    """What has no tables of a kernel's cells, where these are many."""
    return "im2col" if math.prod(shape.window.size) > MANY else None


def filtering(shape: Shape, exact: bool, gradient: bool = False) -> str | None:
    """Which of Winograd's algorithms pays, if any does.

    Args:
        gradient: the kernel's is wanted.
    """
    return None if exact or shape.itemsize != 4 else cheapest(shape, gradient, CHOSEN)


def cheapest(shape: Shape, gradient: bool, costs: Costs) -> str | None:
    """The one that takes least, by what its parts cost; None: neither."""
    rows, columns = shape.window.output_size(shape.image)
    weights = shape.channels * shape.filters
    packing = math.prod(shape.window.size) * weights * costs.packed
    products = shape.images * math.prod(pairs(shape.window, shape.image)) * weights
    direct = costs.direct_gradient if gradient else costs.direct
    prices: dict[str | None, float] = {None: products * direct + packing}
    for name, m, cost in (("winograd4", 4, costs.winograd4), ("winograd2", 2, costs.winograd2)):
        precise = m == 2 or max(shape.channels, shape.filters) <= MOST_SUMMED
        if precise and ALGORITHMS[name].fits(shape):
            tiles = shape.images * -(-rows // m) * -(-columns // m)
            prices[name] = (
                tiles * (m + 2) ** 2 * weights * costs.product
                + tiles * (cost.tile + (shape.channels + shape.filters) * cost.channel)
                + weights * (cost.gradient if gradient else cost.filter)
                + packing
                + costs.call
            )
    return min(prices, key=lambda name: prices[name])


def pairs(window: Window, image: Pair) -> tuple[int, int]:
    """How many outputs read the image with each cell of the kernel, for each axis, all together.

    Direct convolutions multiply nothing by padding: of 2 x 2 images less than half of all cells.
    """
    pads, outputs = [before for before, _ in window.pads], window.output_size(image)
    vertical, horizontal = (
        sum(len(line.written) * len(line.cells) for line in forward_lines(*axis))
        for axis in zip(image, *window[:3], pads, outputs, strict=True)
    )
    return vertical, horizontal
