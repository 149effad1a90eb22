"""Pooling."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernel
from ..geometry import Pair, Window
from ..ops import Array
from . import sources
from .launch import contiguous, empty, over, real, size
from .windows import numbers


def macros(dtype: np.dtype[Any], places: np.dtype[Any]) -> dict[str, str]:
    """The types of numbers, and of the places of cells in a window."""
    return real(dtype) | {"Number": sources.WORDS[places.itemsize]}


@kernel("max_pool2d", backend="cupy")
def max_pool2d(x: Array, window: Window) -> tuple[Array, Array]:
    """The first real cell that no later one beats."""
    n_images, height, width, channels = x.shape
    shape = n_images, *window.output_size((height, width)), channels
    y, places = empty(shape, x.dtype), empty(shape, window.places)
    geometry = numbers(window, (height, width), channels)
    arguments = [contiguous(x), *geometry, y, places, size(y.size)]
    over("pool", "max_pool2d", y.size, arguments, macros(x.dtype, window.places))
    return y, places


@kernel("max_pool2d_gradient", backend="cupy")
def max_pool2d_gradient(dy: Array, argmax: Array, window: Window, image: Pair) -> Array:
    """A cell takes dy from the windows that it won."""
    dx = empty((len(dy), *image, dy.shape[3]), dy.dtype)
    geometry = numbers(window, image, dy.shape[3])
    arguments = [contiguous(dy), contiguous(argmax), *geometry, dx, size(dx.size)]
    over("pool", "max_pool2d_gradient", dx.size, arguments, macros(dy.dtype, argmax.dtype))
    return dx


@kernel("average_pool2d", backend="cupy")
def average_pool2d(x: Array, window: Window) -> Array:
    """The sum of the real cells over their number."""
    n_images, height, width, channels = x.shape
    y = empty((n_images, *window.output_size((height, width)), channels), x.dtype)
    arguments = [contiguous(x), *numbers(window, (height, width), channels), y, size(y.size)]
    over("pool", "average_pool2d", y.size, arguments, macros(x.dtype, window.places))
    return y


@kernel("average_pool2d_gradient", backend="cupy")
def average_pool2d_gradient(dy: Array, window: Window, image: Pair) -> Array:
    """A cell takes its share of dy from each window that read it."""
    dx = empty((len(dy), *image, dy.shape[3]), dy.dtype)
    arguments = [contiguous(dy), *numbers(window, image, dy.shape[3]), dx, size(dx.size)]
    over("pool", "average_pool2d_gradient", dx.size, arguments, macros(dy.dtype, window.places))
    return dx
