"""Statistics of segments."""

from __future__ import annotations

import numpy as np

from .. import kernel
from ..ops import STATISTICS, Array
from .device import device
from .launch import THREADS, contiguous, empty, over, real, size

SLAB = 1 << 14
"""Entries that are worth a block."""

SLABS = 1024
"""Slabs of a segment at most: they are merged one after the other."""


@kernel("statistics", backend="cupy")
def statistics(x: Array, bounds: Array, low: float, high: float) -> Array:
    """Each segment in as many slabs as would cover x."""
    limits = contiguous(device().xp.asarray(bounds))
    segments, slabs = len(limits), min(max(-(-x.size // SLAB), 1), SLABS)
    parts = empty((segments, slabs, len(STATISTICS)), np.float64)
    rows = empty((segments, len(STATISTICS)), np.float64)
    number, macros = x.dtype.type, real(x.dtype)
    if segments:
        arguments = [contiguous(x), limits, number(low), number(high), parts]
        grid, block = (segments, slabs, 1), (THREADS, 1, 1)
        device().launch("statistics", "measure", macros, grid, block, arguments)
    over("statistics", "settle", segments, [parts, np.int32(slabs), rows, size(segments)], macros)
    return rows
