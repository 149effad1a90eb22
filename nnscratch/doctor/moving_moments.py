"""What a batch normalisation did in one step, found from its numbers: axis, momentum and bias."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nnscratch.core.store import host
from nnscratch.core.tape import Call
from nnscratch.kernels.ops import Array

MEAN, VARIANCE = "moving_mean", "moving_variance"
TINY = 1e-12


@dataclass(frozen=True)
class MovingMoments:
    """The moving averages of one call, against the moments of the rows that it read."""

    axis: int
    """Along which it keeps moments apart, counting the batch axis."""
    axes: int
    """How many axes its input has."""
    pace: float
    """The part of the way to a batch's moments that the averages go in a step: 1 - momentum."""
    shift: float
    """How far the means are off, root mean square over the channels, in standard deviations."""
    spread: float
    """By what factor the variances are off, the median channel: 2 is twice or half."""
    varies: float
    """Standard deviation from row to row of what is put out, of the mean place: 1 of a vector,
    near 0 where it is divided by differences that all rows share."""
    apart: Mapping[int, float]
    """By axis, how much moments that are kept apart along it tell; see `told_apart`."""


def moving_moments(call: Call) -> MovingMoments | None:
    """The x-ray of a call; None where it moves no averages.

    The averages go new = old + pace (batch - old). Which axis the batch's moments belong to is
    the one for which new - old is a multiple of batch - old, and the multiple is the pace.
    """
    before, after = call.state_in, call.state_out
    if MEAN not in before or MEAN not in after or VARIANCE not in after:
        return None
    x, old = host(call.inputs[0]).astype(np.float64), host(before[MEAN]).astype(np.float64)
    moved = host(after[MEAN]).astype(np.float64) - old
    fits = [
        (miss, axis, pace)
        for axis in range(1, x.ndim)
        if x.shape[axis] == len(old)
        for miss, pace in [multiple(moved, moments(x, axis)[0] - old)]
    ]
    if not fits:
        return None
    _, axis, pace = min(fits)
    mean, variance = moments(x, axis)
    ratio = (host(before[VARIANCE]).astype(np.float64) + TINY) / (variance + TINY)
    return MovingMoments(
        axis=axis,
        axes=x.ndim,
        pace=pace,
        shift=float(np.sqrt(np.mean((old - mean) ** 2 / (variance + TINY)))),
        spread=float(np.exp(np.median(np.abs(np.log(ratio))))),
        varies=from_row_to_row(x, axis, variance),
        apart={a: told_apart(x, a) for a in range(1, x.ndim)},
    )


def from_row_to_row(x: Array, axis: int, variance: Array) -> float:
    """Root mean square deviation from a place's own mean, where a channel's deviation is 1."""
    others = tuple(a for a in range(x.ndim - 1) if a != axis - 1)
    own = x.var(axis=0).mean(axis=others)  # (C,)
    some = variance > 0
    return float(np.sqrt(np.mean(own[some] / variance[some]))) if some.any() else np.nan


def told_apart(x: Array, axis: int) -> float:
    """ln v - mean ln v_c, of the variance v of all numbers and v_c of each place c on an axis.

    It is twice what a normal density gains, per number, by a mean and a variance for each place.
    Since the mean of v_c is no more than v and ln is concave, it is at least 0, and it is 0 just
    where all places have the same moments. Places without any variance say nothing.
    """
    _, variance = moments(x, axis)
    some = variance[variance > 0]
    return float(np.log(x.var()) - np.mean(np.log(some))) if len(some) else 0.0


def moments(x: Array, axis: int) -> tuple[Array, Array]:
    """Mean and variance (C,) over all axes but one."""
    others = tuple(a for a in range(x.ndim) if a != axis)
    return x.mean(axis=others), x.var(axis=others)


def multiple(moved: Array, way: Array) -> tuple[float, float]:
    """What is left of moved when pace * way is taken away, and the pace."""
    length = float(way @ way)
    pace = float(moved @ way) / length if length else 0.0
    return float(np.linalg.norm(moved - pace * way)), pace
