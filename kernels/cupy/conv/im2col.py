"""Convolution as a matrix product: the numpy backend's, with copies in one launch each.

    columns (G, P, K)   P = N OH OW windows, K = KH KW C/G cells of a window
    weights (G, K, O/G)
    y       (G, P, O/G) = columns @ weights

Cost: columns are KH KW / (sh sw) times the size of the images.
"""

from __future__ import annotations

import math

import numpy as np

from ...geometry import Pair, Window
from ...ops import Array
from ..device import device
from ..finish import NOTHING, Finish, finished
from ..launch import contiguous, empty, over, real, size
from ..windows import numbers

SOURCE = "conv/im2col"


def im2col(x: Array, window: Window, groups: int) -> Array:
    """Every window as a row: x (N, H, W, C) -> (G, N*OH*OW, KH*KW*C/G)."""
    n_images, height, width, channels = x.shape
    pixels = n_images * math.prod(window.output_size((height, width)))
    depth = channels // groups
    matrix = empty((groups, pixels, math.prod(window.size) * depth), x.dtype)
    geometry = [*numbers(window, (height, width), channels), np.int32(depth), size(pixels)]
    arguments = [contiguous(x), *geometry, matrix, size(matrix.size)]
    over(SOURCE, "im2col", matrix.size, arguments, real(x.dtype))
    return matrix


def col2im(columns: Array, window: Window, images: tuple[int, int, int, int]) -> Array:
    """The transpose of `im2col`: columns (G, N*OH*OW, KH*KW*C/G) -> (N, H, W, C) = `images`."""
    _, height, width, channels = images
    groups, pixels, _ = columns.shape
    x = empty(images, columns.dtype)
    depth = np.int32(channels // groups)
    geometry = [*numbers(window, (height, width), channels), depth, size(pixels)]
    arguments = [contiguous(columns), *geometry, x, size(x.size)]
    over(SOURCE, "col2im", x.size, arguments, real(x.dtype))
    return x


def split(matrix: Array, groups: int) -> Array:
    """Each group's columns as a matrix of its own: (..., O) -> (G, R, O/G), a view."""
    outputs = matrix.shape[-1]
    return contiguous(matrix).reshape(-1, groups, outputs // groups).transpose(1, 0, 2)


def join(matrices: Array) -> Array:
    """The groups' matrices side by side: (G, R, O/G) -> (R, O)."""
    groups, rows, outputs = matrices.shape
    return contiguous(matrices.transpose(1, 0, 2)).reshape(rows, groups * outputs)


def conv2d(x: Array, kernel: Array, window: Window, groups: int, finish: Finish = NOTHING) -> Array:
    """y = columns @ weights, for each group."""
    y = join(device().xp.matmul(im2col(x, window, groups), split(kernel, groups)))
    outputs = window.output_size((x.shape[1], x.shape[2]))
    return finished(y.reshape(len(x), *outputs, kernel.shape[3]), finish)


def input_gradient(dy: Array, kernel: Array, window: Window, groups: int, image: Pair) -> Array:
    """dx = col2im(dy @ weights^T), for each group."""
    weights = split(kernel, groups).transpose(0, 2, 1)
    columns = device().xp.matmul(split(dy, groups), weights)
    return col2im(columns, window, (len(dy), *image, kernel.shape[2] * groups))


def kernel_gradient(x: Array, dy: Array, window: Window, groups: int) -> Array:
    """dweights = columns^T @ dy, for each group."""
    columns = im2col(x, window, groups).transpose(0, 2, 1)
    dweights = join(device().xp.matmul(columns, split(dy, groups)))
    return dweights.reshape(*window.size, x.shape[3] // groups, dy.shape[3])
