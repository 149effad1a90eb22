"""Convolution with a thread for each result, for groups of a few channels; see `direct.cu`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...geometry import Pair, Window
from ...ops import Array
from ..columns import column_sums
from ..finish import NOTHING, Finish
from ..launch import contiguous, empty, over, real, size
from ..windows import numbers

SOURCE = "conv/direct"


def geometry(window: Window, image: Pair, channels: int, groups: int, filters: int) -> list[Any]:
    """IMAGES, WINDOW, depth, filters."""
    own = [np.int32(channels // groups), np.int32(filters)]
    return [*numbers(window, image, channels), *own]


def conv2d(x: Array, kernel: Array, window: Window, groups: int, finish: Finish = NOTHING) -> Array:
    """A thread for each output."""
    n_images, height, width, channels = x.shape
    filters = kernel.shape[3]
    y = empty((n_images, *window.output_size((height, width)), filters), x.dtype)
    shape = geometry(window, (height, width), channels, groups, filters)
    arrays = [contiguous(x), contiguous(kernel), *finish.arguments(x.dtype)]
    arguments = [*arrays, *shape, y, size(y.size)]
    over(SOURCE, "direct", y.size, arguments, real(x.dtype))
    return y


def input_gradient(dy: Array, kernel: Array, window: Window, groups: int, image: Pair) -> Array:
    """A thread for each cell of the images."""
    channels, filters = kernel.shape[2] * groups, kernel.shape[3]
    dx = empty((len(dy), *image, channels), dy.dtype)
    shape = geometry(window, image, channels, groups, filters)
    arguments = [contiguous(dy), contiguous(kernel), *shape, dx, size(dx.size)]
    over(SOURCE, "direct_input_gradient", dx.size, arguments, real(dy.dtype))
    return dx


def kernel_gradient(x: Array, dy: Array, window: Window, groups: int) -> Array:
    """A sum over pixels for each weight."""
    channels, filters = x.shape[3], dy.shape[3]
    dkernel = empty((*window.size, channels // groups, filters), x.dtype)
    shape = geometry(window, (x.shape[1], x.shape[2]), channels, groups, filters)
    arguments = [contiguous(x), contiguous(dy), *shape]
    pixels = math.prod(dy.shape[:3])
    parts = column_sums(SOURCE, "direct_kernel_sums", arguments, (pixels, dkernel.size), sums=1)
    parts.finish(SOURCE, "direct_kernel_gradient", [dkernel])
    return dkernel
