"""Pooling, window by window, over real cells only."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan

import numpy as np

from .. import kernel
from ..geometry import Pair, Window
from ..ops import Array
from .windows import cell, is_real


def windows(window: Window, image: Pair) -> Iterator[tuple[int, int, dict[int, Pair]]]:
    """Each output's row p and column q, with its real cells by number: {number: (row, column)}."""
    kh, kw = window.size
    for p, q in np.ndindex(window.output_size(image)):
        cells = {i * kw + j: cell(window, p, q, i, j) for i, j in np.ndindex(kh, kw)}
        yield p, q, {number: at for number, at in cells.items() if is_real(at, image)}


def beats(challenger: float, champion: float) -> bool:
    """Whether a later cell replaces the largest so far: a NaN does, unless that is one already."""
    return challenger > champion or (isnan(challenger) and not isnan(champion))


@kernel("max_pool2d", backend="naive")
def max_pool2d(x: Array, window: Window) -> tuple[Array, Array]:
    """The first real cell that no later one beats."""
    n_images, height, width, channels = x.shape
    shape = (n_images, *window.output_size((height, width)), channels)
    y, argmax = np.empty(shape, x.dtype), np.empty(shape, window.places)
    for p, q, cells in windows(window, (height, width)):
        for n, c in np.ndindex(n_images, channels):
            best = next(iter(cells))
            for number in cells:
                if beats(x[n, *cells[number], c], x[n, *cells[best], c]):
                    best = number
            y[n, p, q, c] = x[n, *cells[best], c]
            argmax[n, p, q, c] = best
    return y, argmax


@kernel("max_pool2d_gradient", backend="naive")
def max_pool2d_gradient(dy: Array, argmax: Array, window: Window, image: Pair) -> Array:
    """Each output hands its dy to the cell that won."""
    dx = np.zeros((len(dy), *image, dy.shape[-1]))
    for n, p, q, c in np.ndindex(dy.shape):
        row, column = cell(window, p, q, *divmod(int(argmax[n, p, q, c]), window.size[1]))
        dx[n, row, column, c] += float(dy[n, p, q, c])
    return dx.astype(dy.dtype)


@kernel("average_pool2d", backend="naive")
def average_pool2d(x: Array, window: Window) -> Array:
    """The sum of the real cells over their number."""
    n_images, height, width, channels = x.shape
    y = np.zeros((n_images, *window.output_size((height, width)), channels))
    for p, q, cells in windows(window, (height, width)):
        for n, c in np.ndindex(n_images, channels):
            for row, column in cells.values():
                y[n, p, q, c] += float(x[n, row, column, c]) / len(cells)
    return y.astype(x.dtype)


@kernel("average_pool2d_gradient", backend="naive")
def average_pool2d_gradient(dy: Array, window: Window, image: Pair) -> Array:
    """Each output hands an equal share of its dy to each real cell of its window."""
    dx = np.zeros((len(dy), *image, dy.shape[-1]))
    for p, q, cells in windows(window, image):
        for n, c in np.ndindex(len(dy), dy.shape[-1]):
            for row, column in cells.values():
                dx[n, row, column, c] += float(dy[n, p, q, c]) / len(cells)
    return dx.astype(dy.dtype)
