"""Sliding windows over images, and their transpose.

`gather` copies nothing: it returns a view in which each window's cells have axes of their own, so a
cell that lies under several windows appears several times. `scatter` is the transpose of `gather`
as a linear map: what each window holds for a cell is added up in that cell. Where a layer's
forward pass gathers, its gradient scatters.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..geometry import Pair, Window, span
from ..ops import Array


def gather(x: Array, window: Window, outside: float) -> Array:
    """The cells of every window: x (N, H, W, C) -> read-only view (N, OH, OW, KH, KW, C).

    Cells in the padding hold `outside`.
    """
    (sh, sw), (dh, dw) = window.strides, window.dilation
    spans = (span(window.size[0], dh), span(window.size[1], dw))
    padded = np.pad(x, ((0, 0), *window.pads, (0, 0)), constant_values=outside)
    # A block of the windows' extent at every position of the padded image:
    blocks = sliding_window_view(padded, spans, axis=(1, 2))  # (N, rows, columns, C, *spans)
    # Keep each sh-th row and sw-th column of positions, each dh-th and dw-th cell of a block:
    cells = blocks[:, ::sh, ::sw, :, ::dh, ::dw]  # (N, OH, OW, C, KH, KW)
    return np.moveaxis(cells, 3, 5)  # (N, OH, OW, KH, KW, C)


def scatter(cells: Array, window: Window, image: Pair) -> Array:
    """Sum what the windows hold for each cell: (N, OH, OW, KH, KW, C) -> (N, *image, C).

    What they hold for cells in the padding is dropped.
    """
    n_images, rows, columns, kh, kw, channels = cells.shape
    (height, width), (sh, sw), (dh, dw) = image, window.strides, window.dilation
    (top, bottom), (left, right) = window.pads
    padded = np.zeros(
        (n_images, top + height + bottom, left + width + right, channels), cells.dtype
    )
    for i, j in np.ndindex(kh, kw):
        # Cells (i, j) of different windows are different cells, so += adds to each of them once.
        down = slice(i * dh, i * dh + rows * sh, sh)
        across = slice(j * dw, j * dw + columns * sw, sw)
        padded[:, down, across] += cells[:, :, :, i, j]  # (N, OH, OW, C)
    return np.ascontiguousarray(padded[:, top : top + height, left : left + width])
