"""Convolution as a matrix product of which the left matrix is never written; `implicit_gemm.cu`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...geometry import Pair, Window
from ...ops import Array
from ..device import device
from ..finish import NOTHING, Finish, finished
from ..launch import contiguous, empty, over, real, size
from ..tiles import MULTIPROCESSORS, TENSOR, Tile, tile_for
from .direct import geometry

SOURCE = "conv/implicit_gemm"

LEAST = 256
"""Steps of a sum that are worth a block of their own."""

SLABS = 64
"""Slabs of a sum at most: as often is a kernel's gradient written down."""


def launch(
    kernel: str,
    tile: Tile,
    rows: int,
    columns: int,
    products: int,
    arguments: Sequence[Any],
    phases: int = 1,
) -> None:
    """Blocks for all tiles of (rows, columns) of so many phases, for so many products."""
    grid = -(-rows // tile.rows) * phases, -(-columns // tile.columns), products
    macros = real(arguments[0].dtype) | (tile.tensor_macros if tile is TENSOR else tile.macros)
    if all(grid):  # no rows of no images
        device().launch(SOURCE, kernel, macros, grid, (tile.threads, 1, 1), arguments)


def conv2d(
    x: Array,
    kernel: Array,
    window: Window,
    groups: int,
    finish: Finish = NOTHING,
    tile: Tile | None = None,
) -> Array:
    """Pixels by filters, and the bias; an activation too would cost the tile its registers."""
    n_images, height, width, channels = x.shape
    filters = kernel.shape[3]
    y = empty((n_images, *window.output_size((height, width)), filters), x.dtype)
    shape = geometry(window, (height, width), channels, groups, filters)
    pixels, owned = math.prod(y.shape[:3]), filters // groups
    tile = tile or tile_for(pixels, owned, groups, x.dtype.name)
    arguments = [contiguous(x), contiguous(kernel), finish.added, *shape, size(pixels), y]
    launch("conv2d", tile, pixels, owned, groups, arguments)
    return finished(y, Finish(activation=finish.activation))


def input_gradient(
    dy: Array, kernel: Array, window: Window, groups: int, image: Pair, tile: Tile | None = None
) -> Array:
    """Cells of the images by channels, phase by phase: cells between which the strides lie."""
    (height, width), (down, across), phases = image, window.strides, math.prod(window.strides)
    depth, filters = kernel.shape[2:]
    dx = empty((len(dy), *image, depth * groups), dy.dtype)
    shape = geometry(window, image, depth * groups, groups, filters)
    cells = len(dy) * -(-height // down) * -(-width // across)  # of the largest phase
    tile = tile or tile_for(cells, depth, groups * phases, dy.dtype.name)
    arguments = [contiguous(dy), contiguous(kernel), *shape, size(len(dy)), dx]
    launch("input_gradient", tile, cells, depth, groups, arguments, phases)
    return dx


def slabs_for(tile: Tile, rows: int, columns: int, groups: int, steps: int) -> int:
    """Into how many parts a long sum is cut: until there are blocks for everybody."""
    blocks = groups * -(-rows // tile.rows) * -(-columns // tile.columns)
    wanted = -(-2 * MULTIPROCESSORS // blocks)
    return max(min(wanted, steps // LEAST, SLABS), 1)


def kernel_gradient(
    x: Array, dy: Array, window: Window, groups: int, tile: Tile | None = None
) -> Array:
    """Cells of a window by filters, slab by slab of the pixels."""
    channels, filters = x.shape[3], dy.shape[3]
    depth, owned, pixels = channels // groups, filters // groups, math.prod(dy.shape[:3])
    rows = math.prod(window.size) * depth
    tile = tile or tile_for(rows, owned, groups * -(-pixels // LEAST), x.dtype.name)
    slabs = slabs_for(tile, rows, owned, groups, pixels)
    slab = -(-pixels // slabs)
    parts = empty((slabs, *window.size, depth, filters), x.dtype)
    shape = geometry(window, (x.shape[1], x.shape[2]), channels, groups, filters)
    arguments = [contiguous(x), contiguous(dy), *shape, size(pixels), size(slab), parts]
    launch("kernel_gradient", tile, rows, owned, groups * slabs, arguments)
    if slabs == 1:
        return parts.reshape(parts.shape[1:])
    dkernel = empty(parts.shape[1:], x.dtype)
    arguments = [parts, np.int32(slabs), dkernel, size(dkernel.size)]
    over(SOURCE, "add_slabs", dkernel.size, arguments, real(x.dtype) | tile.macros)
    return dkernel
