"""Convolution where the images are the matrix of their windows: cuBLAS at once."""

from __future__ import annotations

import math

from ...geometry import Pair, Window
from ...ops import Array
from ..device import device
from ..finish import NOTHING, Finish, finished
from ..launch import contiguous


def matrix(x: Array, cells: int) -> Array:
    """Images (N, H, W, C) as windows of so many cells, or their outputs as rows."""
    return contiguous(x).reshape(x.size // cells, cells)


def conv2d(x: Array, kernel: Array, window: Window, groups: int, finish: Finish = NOTHING) -> Array:
    """Windows times weights."""
    outputs = len(x), *window.output_size((x.shape[1], x.shape[2]))
    weights = contiguous(kernel).reshape(-1, kernel.shape[3])
    y = device().xp.matmul(matrix(x, len(weights)), weights)
    return finished(y.reshape(*outputs, kernel.shape[3]), finish)


def input_gradient(dy: Array, kernel: Array, window: Window, groups: int, image: Pair) -> Array:
    """Upstream times weights transposed."""
    weights = contiguous(kernel).reshape(-1, kernel.shape[3])
    dx: Array = device().xp.matmul(matrix(dy, kernel.shape[3]), weights.T)
    return dx.reshape(len(dy), *image, kernel.shape[2])


def kernel_gradient(x: Array, dy: Array, window: Window, groups: int) -> Array:
    """Windows transposed times upstream."""
    cells = math.prod(window.size) * x.shape[3]
    dkernel: Array = device().xp.matmul(matrix(x, cells).T, matrix(dy, dy.shape[3]))
    return dkernel.reshape(*window.size, x.shape[3], dy.shape[3])
