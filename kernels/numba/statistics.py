"""Statistics of segments, in one pass over memory.

A segment is read tile by tile. A tile stays in the first-level cache while short loops go over it,
each of which fills vector registers with numbers of one width. Its results are merged with those of
the tiles before it (Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for
computing sample variances", 1979): with the squared deviations M from the mean m of n entries,

    d = m_b - m_a        m = m_a + d n_b / n        M = M_a + M_b + d^2 n_a n_b / n

Nothing cancels there. Nor does it in the norm, whose square is the sum of squares M + n m^2.

Versions, each as fast again as the one before:

1. Extremes as Python spells them, `a if a > b else b`. The comparison that LLVM sees carries no
   promise about NaN, so it keeps their order and takes one entry at a time.
2. Extremes in vectors; a loop for the sum, and then one for the squared deviations from the mean.
   Both turn every float32 into a float64, which takes longer than the sums themselves.
3. Sum and sum of squares in one loop. M = sum of squares - n m^2 does cancel where the mean is many
   deviations from 0: such a tile, and no other, is gone over again for its deviations.
"""

from __future__ import annotations

from math import inf, isfinite, isinf, nan, sqrt
from typing import Any

import numpy as np
from numba.extending import intrinsic

from .. import kernel
from ..ops import STATISTICS, Array
from . import launch, parallel
from .jit import compiled
from .launch import flat, read

TILE = 2048
"""Entries that are gone over several times: 16 KiB of float64, half of a first-level cache."""

GRAIN = 1 << 14
"""Entries of a block that are worth handing to another thread: some 4 us of work."""

CANCELLED = 1e-3
"""What is left of a sum of squares when the difference has lost three of its digits."""

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


@compiled("reassoc", "contract", inline=True)
def _sums(x: Array) -> tuple[float, float]:
    """Sum and sum of squares. In float64 the square of a float32 is exact."""
    total, squares = 0.0, 0.0
    for i in range(x.size):
        value = np.float64(x[i])
        total += value
        squares += value * value
    return total, squares


@compiled(inline=True)
def _extremes(x: Array) -> tuple[Any, Any, Any]:
    """Minimum, maximum and zeros. The count is as wide as a float32: they share a vector."""
    low, high, zeros = x[0], x[0], np.int32(0)
    for i in range(x.size):
        low, high = smaller(low, x[i]), larger(high, x[i])
        zeros = np.int32(zeros + np.int32(x[i] == 0))
    return low, high, zeros


@compiled("reassoc", "contract", inline=True)
def _all_at_once(x: Array) -> tuple[float, float, Any, Any, Any]:
    """Both in one loop, for float64: a loop over float32 would run at half of its width."""
    total, squares, low, high, zeros = 0.0, 0.0, x[0], x[0], np.int32(0)
    for i in range(x.size):
        total += x[i]
        squares += x[i] * x[i]
        low, high = smaller(low, x[i]), larger(high, x[i])
        zeros = np.int32(zeros + np.int32(x[i] == 0))
    return total, squares, low, high, zeros


@compiled("reassoc", "contract", inline=True)
def _deviations(x: Array, mean: float) -> float:
    """The sum of squared deviations from the mean."""
    total = 0.0
    for i in range(x.size):
        deviation = x[i] - mean
        total += deviation * deviation
    return total


@compiled(inline=True)
def _saturated(x: Array, low: float, high: float) -> Any:
    count = np.int32(0)
    for i in range(x.size):
        count = np.int32(count + np.int32((x[i] <= low) | (x[i] >= high)))
    return count


@compiled()
def _measure_tile(x: Array, low: float, high: float, row: Array) -> None:
    """Squares whose sum is finite prove that there is no NaN and no infinity."""
    if x.itemsize == 8:
        total, squares, row[MIN], row[MAX], row[ZEROS] = _all_at_once(x)
    else:
        total, squares = _sums(x)
        row[MIN], row[MAX], row[ZEROS] = _extremes(x)
    mean = total / x.size
    row[COUNT], row[MEAN], row[SQUARES] = x.size, mean, squares - total * mean
    row[NAN], row[INF] = 0, 0
    if row[SQUARES] < CANCELLED * squares:
        row[SQUARES] = _deviations(x, mean)
    if not isfinite(squares):
        _measure_awkward(x, row)
    reached = (row[MIN] <= low) | (row[MAX] >= high)
    row[SATURATED] = _saturated(x, low, high) if reached else 0


@compiled()
def _measure_awkward(x: Array, row: Array) -> None:
    """Entry by entry. What a NaN or an infinity makes of mean and norm is settled at the end."""
    row[SQUARES], row[MIN], row[MAX], row[ZEROS] = _deviations(x, row[MEAN]), inf, -inf, 0
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
        total[SQUARES] += part[SQUARES] + distance * (distance * total[COUNT] * share)
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
def _measure_block(
    block: int,
    _: int,
    edges: Array,
    x: Array,
    bounds: Array,
    low: float,
    high: float,
    parts: Array,
) -> None:
    _measure(x, bounds, edges[block], edges[block + 1], low, high, parts[block])


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
def _settle(rows: Array) -> None:
    """Turn what was merged into the declared columns."""
    for s in range(len(rows)):
        row = rows[s]
        row[0], row[1], row[2], row[3], row[4] = _moments(row)


@compiled()
def _measure_alone(x: Array, bounds: Array, low: float, high: float, rows: Array) -> None:
    """All of x on this thread."""
    _measure(x, bounds, 0, x.size, low, high, rows)
    _settle(rows)


@compiled()
def _put_together(parts: Array, rows: Array) -> None:
    """Merge the blocks' rows (B, S, columns) in order."""
    for s in range(len(rows)):
        _clear(rows[s])
        for b in range(len(parts)):
            _merge(rows[s], parts[b, s])
    _settle(rows)


@kernel("statistics", backend="numba")
def statistics(x: Array, bounds: Array, low: float, high: float) -> Array:
    """Blocks of x on several threads; each leaves a row for every segment."""
    source, segments = flat(x), read(bounds)
    rows = np.empty((len(segments), len(STATISTICS)))
    if source.size < 2 * GRAIN:
        _measure_alone(source, segments, low, high, rows)
        return rows
    edges = parallel.edges(source.size, GRAIN, multiple=TILE)
    parts = np.empty((len(edges) - 1, *rows.shape))
    launch.each(_measure_block, len(parts), edges, source, segments, low, high, parts)
    _put_together(parts, rows)
    return rows
