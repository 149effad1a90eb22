"""Histograms."""

from __future__ import annotations

import numpy as np

from .. import kernel
from ..ops import Array
from .device import device
from .launch import THREADS, contiguous, real, size

SHARED = 1 << 13
"""Bins that a block's own memory holds: 32 KiB of counts."""

BLOCKS = 1024
"""Blocks at most: each of them adds its counts to those of all."""


@kernel("histogram", backend="cupy")
def histogram(x: Array, low: float, high: float, bins: int) -> Array:
    """In shared memory where the bins fit."""
    counts: Array = device().xp.zeros((bins,), np.int64)
    if not x.size:
        return counts
    with np.errstate(all="ignore"):  # a range may be too small, or too large, for double
        scale = bins / (np.float64(high) - np.float64(low))
    numbers = [np.float64(low), np.float64(high), np.float64(scale), np.int32(bins)]
    arguments = [contiguous(x), *numbers, counts, size(x.size)]
    name, shared = ("histogram", 4 * bins) if bins <= SHARED else ("histogram_of_many", 0)
    grid, block = (min(-(-x.size // THREADS), BLOCKS), 1, 1), (THREADS, 1, 1)
    device().launch("histogram", name, real(x.dtype), grid, block, arguments, shared)
    return counts
