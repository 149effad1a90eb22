"""Convolution with 3x3 kernels by Winograd's minimal filtering: a quarter of the multiplications.

`winograd_maps.py` says why that works. For F(4x4, 3x3) a tile of 16 outputs takes 36 products for
each pair of channels instead of 144, for F(2x2, 3x3) a tile of 4 takes 16 instead of 36. At each
point the products are a matrix product, tiles x channels x filters. Inputs and kernel have both to
be brought to their points, and of both there are some two to four times as many numbers as before.
Of one of them these are made where they are needed, and are never all there: of the inputs, where
there are many tiles and tasks go by tiles (`winograd_by_tiles.py`), else of the kernel, where they
go by filters (`winograd_by_filters.py`).

The input's gradient is a convolution of the upstream gradient with the kernel turned round.

Strides and dilation of 1, one group. Not exact: zeros come out as rounding errors. The largest
error against float64, over the largest output, of normal numbers in any of the benchmark's shapes:
2e-5 for F(4x4, 3x3), of its kernel's gradient 3e-5; 1e-6 for F(2x2, 3x3), of its kernel's gradient
2e-6. It grows with the root of the channels, or filters, that are summed up.
"""

from __future__ import annotations

from types import ModuleType

from ...geometry import Pair, Window
from ...ops import Array
from .. import memory
from ..finish import NOTHING, Finish
from ..launch import flat
from . import winograd_by_filters, winograd_by_tiles
from .winograd_tiles import SIZE, Weights, kernel_rows, number_of_tiles

FEW = 1.5
"""Times as many numbers of tiles as of filters, up to which tasks go by filters: that took 0.7 to
1.06 times as long for 24 shapes, and longer for 65 of 80 with more."""

FEW_SUMMED = 6
"""The same of the kernel's gradient, of which tasks that go by tiles make several sums: 0.2 to 1.05
times as long for 65 shapes, and longer for 14 of 39 with more."""


def fits(window: Window, groups: int) -> bool:
    """Whether these algorithms can do it."""
    return window[:3] == ((SIZE, SIZE), (1, 1), (1, 1)) and groups == 1


def order(
    images: int, outputs: Pair, m: int, channels: int, filters: int, most: float
) -> ModuleType:
    """What tasks go by: filters where tiles have at most so many times as many numbers as these.

    Nor may there be more tiles than a precise sum has.
    """
    tiles = number_of_tiles(images, outputs, m)
    few = 0 < tiles * (channels + filters) <= most * channels * filters
    precise = tiles <= winograd_by_tiles.TILES_OF_A_SUM
    return winograd_by_filters if few and precise else winograd_by_tiles


def conv2d(x: Array, kernel: Array, window: Window, m: int, finish: Finish) -> Array:
    """See `Ops.conv2d`; m is 2 or 4."""
    size = window.output_size((x.shape[1], x.shape[2]))
    y = memory.empty((len(x), *size, kernel.shape[3]), x.dtype)
    pads = window.pads[0][0], window.pads[1][0]
    convolve(x, Weights(flat(kernel), kernel_rows(kernel.shape), 1), pads, m, y, finish)
    return y


def conv2d_input_gradient(dy: Array, kernel: Array, window: Window, image: Pair, m: int) -> Array:
    """See `Ops.conv2d_input_gradient`; m is 2 or 4."""
    dx = memory.empty((len(dy), *image, kernel.shape[2]), dy.dtype)
    turned = kernel_rows(kernel.shape, turned=True)
    pads = SIZE - 1 - window.pads[0][0], SIZE - 1 - window.pads[1][0]
    convolve(dy, Weights(flat(kernel), turned, kernel.shape[3]), pads, m, dx, NOTHING[dy.itemsize])
    return dx


def convolve(x: Array, weights: Weights, pads: Pair, m: int, y: Array, finish: Finish) -> None:
    """Fill y (N, OH, OW, O) from x (N, H, W, C)."""
    outputs, channels, filters = (y.shape[1], y.shape[2]), x.shape[3], y.shape[3]
    work = order(len(x), outputs, m, channels, filters, FEW)
    work.convolve(x, weights, pads, m, y, finish)


def conv2d_kernel_gradient(
    x: Array, dy: Array, window: Window, m: int, out: Array | None = None
) -> Array:
    """See `Ops.conv2d_kernel_gradient`; m is 2 or 4.

    At each point the sum over the tiles of inputs^T @ upstream.
    """
    outputs, channels, filters = (dy.shape[1], dy.shape[2]), x.shape[3], dy.shape[3]
    shape = (SIZE, SIZE, channels, filters)
    gradient = memory.empty(shape, x.dtype) if out is None else out
    work = order(len(x), outputs, m, channels, filters, FEW_SUMMED)
    work.kernel_gradient(x, dy, (window.pads[0][0], window.pads[1][0]), m, gradient)
    return gradient
