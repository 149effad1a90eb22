"""Pixels a stride apart in a row of an image, and side by side in a line.

Over the few channels of a pixel no loop is worth vectorising, over a line of them it is.
"""

from __future__ import annotations

import numpy as np

from ..ops import Array
from .jit import compiled
from .microkernel.panels import VECTOR, copy_vector


@compiled()
def together(row: Array, first: int, step: int, channels: int, line: Array) -> None:
    """Copy pixels `first`, `first + step`, ... of a row into a line.

    Whole vectors are copied: what the last one of a pixel has too much, the next pixel overwrites.
    """
    size = row.itemsize
    lanes = VECTOR // size
    reach = -(-channels // lanes) * lanes
    fitting = min(line.size - reach, (row.size - first * channels - reach) // step) // channels + 1
    whole = max(min(fitting, line.size // channels), 0)
    source = np.int64(row.ctypes.data) + first * channels * size
    target = np.int64(line.ctypes.data)
    for _ in range(whole):
        for at in range(0, reach * size, VECTOR):
            copy_vector(row, source + at, target + at)
        source += step * channels * size
        target += channels * size
    for q in range(whole, line.size // channels):
        at = (first + q * step) * channels
        for c in range(channels):
            line[q * channels + c] = row[at + c]


@compiled()
def apart(line: Array, row: Array, first: int, step: int, channels: int) -> None:
    """Add a line to pixels `first`, `first + step`, ... of a row: the transpose of `together`."""
    at, begin = first * channels, np.int64(0)
    for _ in range(line.size // channels):
        for c in range(channels):
            row[at + c] += line[begin + c]
        at += step * channels
        begin += channels
