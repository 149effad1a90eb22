"""Histograms, in one pass over memory.

Versions, with the nanoseconds for an entry on one thread:

1. 1.8  Find an entry's bin and count it. To count one needs what the last count left there, and
   entries next to each other often share a bin.
2. 1.0  Find the bins of a tile in vectors; count four neighbours in four tables.
3. 0.7  With bins that are unsigned: an index that may be negative is tested for it each time.
"""

from __future__ import annotations

import numpy as np

from .. import kernel
from ..ops import Array
from . import launch, parallel
from .jit import compiled
from .launch import flat

TILE = 512
"""Entries whose bins are found together."""


@compiled()
def _find_bins(x: Array, low: float, high: float, bins: int, found: Array) -> None:
    """The bin of each entry; of those that are outside, and of NaN, the one behind the last."""
    scale, outside, last = bins / (high - low), np.int32(bins), np.int32(bins - 1)
    for i in range(x.size):
        entry = np.float64(x[i])
        position = (entry - low) * scale  # NaN where the range, or a part of it, is out of range
        place = np.int32(position) if position < bins else last
        inside = (low <= entry) & (entry <= high)
        found[i] = np.uint32(place if inside else outside)


@compiled()
def _count(bins: Array, tables: Array) -> None:
    """Count bins in four tables (4, bins), so that equal neighbours need not wait."""
    fours = bins.size // 4 * 4
    for i in range(0, fours, 4):
        tables[0, bins[i]] += 1
        tables[1, bins[i + 1]] += 1
        tables[2, bins[i + 2]] += 1
        tables[3, bins[i + 3]] += 1
    for i in range(fours, bins.size):
        tables[0, bins[i]] += 1


@compiled()
def _histogram_block(
    block: int, _: int, edges: Array, x: Array, low: float, high: float, counts: Array
) -> None:
    bins = counts.shape[1]
    found = np.empty(TILE, np.uint32)
    tables = np.zeros((4, bins + 1), np.int64)
    for start in range(edges[block], edges[block + 1], TILE):
        part = x[start : min(start + TILE, edges[block + 1])]
        _find_bins(part, low, high, bins, found)
        _count(found[: part.size], tables)
    for b in range(bins):
        counts[block, b] = tables[0, b] + tables[1, b] + tables[2, b] + tables[3, b]


@kernel("histogram", backend="numba")
def histogram(x: Array, low: float, high: float, bins: int) -> Array:
    """Each block of x counts for itself."""
    edges = parallel.edges(x.size, parallel.GRAIN)
    counts = np.zeros((max(len(edges) - 1, 1), bins), np.int64)
    launch.each(_histogram_block, len(edges) - 1, edges, flat(x), low, high, counts)
    total: Array = np.add.reduce(counts, axis=0)
    return total  # (bins,)
