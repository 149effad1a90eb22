"""Pooling: reductions over the windows that a convolution would read.

Both gradients fill each window with what its cells receive, then `scatter` adds up the overlaps.
"""

from __future__ import annotations

import numpy as np

from .. import kernel
from ..geometry import Pair, Window
from ..ops import Array
from .windows import gather, scatter


def real_cells(window: Window, image: Pair) -> Array:
    """1 for each cell of each window that lies inside the image, else 0: (OH, OW, KH, KW)."""
    inside = np.ones((1, *image, 1), np.int8)
    return gather(inside, window, outside=0)[0, ..., 0]


@kernel("max_pool2d", backend="numpy")
def max_pool2d(x: Array, window: Window) -> tuple[Array, Array]:
    """`argmax` finds the first of equals, and the first NaN before any number.

    A padding of -inf loses to every number but -inf. In a window that holds nothing greater, all
    real cells are equal and the first of them wins.
    """
    n_images, height, width, channels = x.shape
    kh, kw = window.size
    rows, columns = window.output_size((height, width))
    cells = gather(x, window, outside=-np.inf)  # (N, OH, OW, KH, KW, C)
    cells = cells.reshape(n_images, rows, columns, kh * kw, channels)
    winner = cells.argmax(axis=3, keepdims=True)  # (N, OH, OW, 1, C)
    y = np.take_along_axis(cells, winner, axis=3).squeeze(3)  # (N, OH, OW, C)

    real = real_cells(window, (height, width)).reshape(rows, columns, kh * kw)
    first_real = real.argmax(axis=2, keepdims=True)  # (OH, OW, 1)
    place = np.where(np.isneginf(y), first_real, winner.squeeze(3))
    return y, place.astype(window.places)


@kernel("max_pool2d_gradient", backend="numpy")
def max_pool2d_gradient(dy: Array, argmax: Array, window: Window, image: Pair) -> Array:
    """A window's cells receive dy where their number is the winner's, else 0."""
    kh, kw = window.size
    number = np.arange(kh * kw).reshape(kh, kw, 1)
    won = number == argmax[:, :, :, None, None]  # (N, OH, OW, KH, KW, C)
    return scatter(np.where(won, dy[:, :, :, None, None], 0), window, image)


@kernel("average_pool2d", backend="numpy")
def average_pool2d(x: Array, window: Window) -> Array:
    """Padding adds 0 to the sum and nothing to the count."""
    _, height, width, _ = x.shape
    count = real_cells(window, (height, width)).sum(axis=(2, 3), dtype=x.dtype)  # (OH, OW)
    cells = gather(x, window, outside=0.0)  # (N, OH, OW, KH, KW, C)
    y: Array = cells.sum(axis=(3, 4)) / count[:, :, None]  # (N, OH, OW, C)
    return y


@kernel("average_pool2d_gradient", backend="numpy")
def average_pool2d_gradient(dy: Array, window: Window, image: Pair) -> Array:
    """Every cell of a window receives dy / count; those in the padding are dropped."""
    n_images, rows, columns, channels = dy.shape
    count = real_cells(window, image).sum(axis=(2, 3), dtype=dy.dtype)  # (OH, OW)
    share = dy / count[:, :, None]  # (N, OH, OW, C)
    shape = (n_images, rows, columns, *window.size, channels)
    return scatter(np.broadcast_to(share[:, :, :, None, None], shape), window, image)
