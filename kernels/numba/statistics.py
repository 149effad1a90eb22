"""Statistics of segments and histograms, in one pass over memory.

A segment is read tile by tile. A tile stays in the first-level cache while it is gone over several
times, each time by a loop that fills vector registers: first for its sum, which gives the mean;
then for what needs the mean, or needs to know that there is no NaN. Its results are merged with
those of the tiles before it (Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm
for computing sample variances", 1979): with the squared deviations M from the mean m of n entries,

    d = m_b - m_a        m = m_a + d n_b / n        M = M_a + M_b + d^2 n_a n_b / n

Nothing cancels there, as it would in the difference of the mean square and the squared mean. Nor
does the norm, whose square is the sum of squares M + n m^2.

One version before this took maxima as Python spells them, `a if a > b else b`. The comparison that
LLVM sees then carries no promise about NaN, so it keeps their order and takes one entry at a time:
these two columns took four times as long as all others together.
"""

from __future__ import annotations

from math import inf, isfinite, isinf, nan, sqrt
from typing import Any

import numpy as np
from numba.extending import intrinsic

from .. import kernel
from ..ops import STATISTICS, Array
from . import parallel
from .jit import compiled
from .launch import flat, read

TILE = 2048
"""Entries that are gone over several times: 16 KiB of float64, half of a first-level cache."""

GRAIN = 1 << 17
"""Entries of a block that are worth handing to another thread: some 40 us of work."""

COUNT, MEAN, SQUARES, MIN, MAX, ZEROS, SATURATED, NAN, INF = range(9)
"""The columns of what is merged; SQUARES are of deviations from the mean."""


def _choice(relation: str) -> Any:
    """`a if a < b else b` for a relation like <, with LLVM told that there is no NaN.

    Then many may be compared in any order, a vector of them at once.
    """
    flags = ("nnan", "nsz")

    @intrinsic
    def choose(typing: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, numbers: Any) -> Any:
            wins = builder.fcmp_ordered(relation, *numbers, flags=flags)
            return builder.select(wins, *numbers, flags=flags)

        return a(a, b), generate

    return choose


smaller, larger = _choice("<"), _choice(">")


@compiled("reassoc", inline=True)
def _sum(x: Array) -> float:
    total = 0.0
    for i in range(x.size):
        total += x[i]
    return total


@compiled("reassoc", "contract", inline=True)
def _squares(x: Array, mean: float) -> float:
    total = 0.0
    for i in range(x.size):
        deviation = x[i] - mean
        total += deviation * deviation
    return total


@compiled("reassoc", inline=True)
def _extremes(x: Array) -> tuple[float, float, float]:
    """Minimum, maximum and zeros. Counting in x's own dtype is exact up to 2**24."""
    zero, one = type(x[0])(0), type(x[0])(1)
    low, high, zeros = x[0], x[0], zero
    for i in range(x.size):
        low, high = smaller(low, x[i]), larger(high, x[i])
        zeros += one if x[i] == zero else zero
    return low, high, zeros


@compiled("reassoc", inline=True)
def _saturated(x: Array, low: float, high: float) -> Any:
    zero, one = type(x[0])(0), type(x[0])(1)
    count = zero
    for i in range(x.size):
        count += one if (x[i] <= low) | (x[i] >= high) else zero
    return count


@compiled()
def _measure_tile(x: Array, low: float, high: float, row: Array) -> None:
    """A sum that is finite proves that there is no NaN and no infinity."""
    total = _sum(x)
    row[COUNT], row[MEAN] = x.size, total / x.size
    row[NAN], row[INF] = 0, 0
    if isfinite(total):
        row[SQUARES] = _squares(x, row[MEAN])
        row[MIN], row[MAX], row[ZEROS] = _extremes(x)
    else:
        _measure_awkward(x, row)
    limited = (low == low) | (high == high)
    row[SATURATED] = _saturated(x, low, high) if limited else 0


@compiled()
def _measure_awkward(x: Array, row: Array) -> None:
    """Entry by entry. What a NaN or an infinity makes of mean and norm is settled at the end."""
    row[SQUARES], row[MIN], row[MAX], row[ZEROS] = _squares(x, row[MEAN]), inf, -inf, 0
    for i in range(x.size):
        row[ZEROS] += x[i] == 0
        row[NAN] += x[i] != x[i]
        row[INF] += isinf(x[i])
        if x[i] == x[i]:
            row[MIN], row[MAX] = min(row[MIN], x[i]), max(row[MAX], x[i])


@compiled()
def _merge(total: Array, part: Array) -> None:
    """Take a part's results into those of all parts before it."""
    count = total[COUNT] + part[COUNT]
    if count > 0:
        share, distance = part[COUNT] / count, part[MEAN] - total[MEAN]
        total[MEAN] += distance * share
        total[SQUARES] += part[SQUARES] + distance * distance * total[COUNT] * share
        total[MIN], total[MAX] = min(total[MIN], part[MIN]), max(total[MAX], part[MAX])
        total[COUNT] = count
        for column in range(ZEROS, total.size):
            total[column] += part[column]


@compiled()
def _clear(row: Array) -> None:
    """The results of no entries."""
    row[:] = 0
    row[MIN], row[MAX] = inf, -inf


@compiled()
def _measure(
    x: Array, bounds: Array, first: int, last: int, low: float, high: float, rows: Array
) -> None:
    """What lies in each segment and in first .. last too."""
    low, high = x.dtype.type(low), x.dtype.type(high)
    tile = np.empty(rows.shape[1])
    for s in range(len(bounds)):
        _clear(rows[s])
        stop = min(bounds[s, 1], last)
        for start in range(max(bounds[s, 0], first), stop, TILE):
            _measure_tile(x[start : min(start + TILE, stop)], low, high, tile)
            _merge(rows[s], tile)


@compiled()
def _moments(row: Array) -> tuple[float, float, float, float, float]:
    """Mean, std, min, max and norm, from what was merged."""
    count, mean, squares, low, high = row[COUNT], row[MEAN], row[SQUARES], row[MIN], row[MAX]
    if row[NAN] > 0:
        return nan, nan, nan, nan, nan
    if row[INF] > 0:
        return low + high, nan, low, high, inf
    if count == 0:
        return nan, nan, nan, nan, 0.0
    return mean, sqrt(squares / count), low, high, sqrt(squares + count * mean * mean)


@compiled()
def _finish(parts: Array) -> None:
    """Merge each segment's parts (B, S, columns) in order, and turn the first into the result."""
    for s in range(parts.shape[1]):
        row = parts[0, s]
        for b in range(1, len(parts)):
            _merge(row, parts[b, s])
        row[0], row[1], row[2], row[3], row[4] = _moments(row)


@kernel("statistics", backend="numba")
def statistics(x: Array, bounds: Array, low: float, high: float) -> Array:
    """Blocks of x on several threads; each leaves a row for every segment."""
    source, segments = flat(x), read(bounds)
    blocks = parallel.blocks(source.size, GRAIN, multiple=TILE) or [slice(0, 0)]
    parts = np.empty((len(blocks), len(segments), len(STATISTICS)))

    def task(numbered: tuple[int, slice]) -> None:
        number, block = numbered
        _measure(source, segments, block.start, block.stop, low, high, parts[number])

    parallel.each(list(enumerate(blocks)), task)
    _finish(parts)
    result: Array = parts[0]
    return result


@compiled()
def _histogram(x: Array, low: float, high: float, scale: float, counts: Array) -> None:
    for i in range(x.size):
        if low <= x[i] <= high:
            counts[min(int((x[i] - low) * scale), counts.size - 1)] += 1


@kernel("histogram", backend="numba")
def histogram(x: Array, low: float, high: float, bins: int) -> Array:
    """Each block of x counts for itself."""
    source, scale = flat(x), bins / (high - low)
    blocks = parallel.blocks(source.size, parallel.GRAIN)
    counts = np.zeros((max(len(blocks), 1), bins), np.int64)

    def task(numbered: tuple[int, slice]) -> None:
        number, block = numbered
        _histogram(source[block], low, high, scale, counts[number])

    parallel.each(list(enumerate(blocks)), task)
    return parallel.add_in_order(counts)  # (bins,)
