"""Statistics of segments and histograms."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernel
from ..ops import STATISTICS, Array


@kernel("statistics", backend="numpy")
def statistics(x: Array, bounds: Array, low: float, high: float) -> Array:
    """Segment by segment."""
    flat, limits = x.reshape(-1), (x.dtype.type(low), x.dtype.type(high))
    rows = np.empty((len(bounds), len(STATISTICS)))
    for row, (start, stop) in zip(rows, bounds, strict=True):
        segment = flat[start:stop]
        row[:5] = moments(segment.astype(np.float64))
        row[5:] = counts(segment, *limits)
    return rows


def moments(x: Array) -> tuple[Any, ...]:
    """Mean, std, min, max and norm of a flat array in float64."""
    if x.size == 0:
        return np.nan, np.nan, np.nan, np.nan, 0.0
    with np.errstate(invalid="ignore"):  # inf - inf is NaN, as declared
        mean = np.mean(x)
        std = np.sqrt(np.mean(np.square(x - mean)))
    return mean, std, np.min(x), np.max(x), np.sqrt(np.sum(np.square(x)))


def counts(x: Array, low: float, high: float) -> tuple[Any, ...]:
    """How many entries are exactly 0, saturated, NaN, infinite."""
    kinds = (x == 0, (x <= low) | (x >= high), np.isnan(x), np.isinf(x))
    return tuple(np.count_nonzero(kind) for kind in kinds)


@kernel("histogram", backend="numpy")
def histogram(x: Array, low: float, high: float, bins: int) -> Array:
    """The number of the part that each entry lies in, counted."""
    values = x.reshape(-1).astype(np.float64)
    values = values[(values >= low) & (values <= high)]  # (inside,)
    parts = np.floor((values - low) * (bins / (high - low))).astype(np.int64)
    return np.bincount(np.minimum(parts, bins - 1), minlength=bins)  # (bins,)
