"""Statistics and histograms, entry by entry."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, isinf, isnan, nan, sqrt

import numpy as np

from .. import kernel
from ..ops import STATISTICS, Array
from .scalars import doubles, rounded


@kernel("statistics", backend="naive")
def statistics(x: Array, bounds: Array, low: float, high: float) -> Array:
    """Sums over lists of Python floats."""
    (values,) = doubles(x.reshape(-1))
    limits = rounded(low, x), rounded(high, x)
    rows = [row(values[start:stop].tolist(), *limits) for start, stop in bounds]
    return np.array(rows, np.float64).reshape(-1, len(STATISTICS))  # (S, 9)


def row(entries: Sequence[float], low: float, high: float) -> tuple[float, ...]:
    """The statistics of one segment."""
    counts = (
        sum(x == 0 for x in entries),
        sum(x <= low or x >= high for x in entries),
        sum(isnan(x) for x in entries),
        sum(isinf(x) for x in entries),
    )
    if not entries:
        return nan, nan, nan, nan, 0.0, *counts
    if any(isnan(x) for x in entries):
        return nan, nan, nan, nan, nan, *counts
    mean = sum(entries) / len(entries)
    variance = sum((x - mean) * (x - mean) for x in entries) / len(entries)
    norm = sqrt(sum(x * x for x in entries))
    return mean, sqrt(variance), min(entries), max(entries), norm, *counts


@kernel("histogram", backend="naive")
def histogram(x: Array, low: float, high: float, bins: int) -> Array:
    """Each entry raises the count of its part."""
    counts = np.zeros(bins, np.int64)
    for value in doubles(x.reshape(-1))[0].tolist():
        if low <= value <= high:
            counts[min(floor((value - low) * (bins / (high - low))), bins - 1)] += 1
    return counts
