"""How many of a layer's units really differ: the width that it has, whatever its width says.

A unit is a filter of a convolution or a neuron of a dense layer: one slice of the kernel along
its last axis. Units that start equal, read the same input and are read by equal weights get equal
gradients, so they stay equal, and the layer computes one thing many times over.
"""

from __future__ import annotations

import numpy as np

from nnscratch.core.store import host
from nnscratch.kernels.ops import Array

ROUNDING = {np.dtype(np.float32): 1e-5, np.dtype(np.float64): 1e-9}
"""Units that differ by less than this part of the kernel's largest weight are one.

Sums of equal numbers in equal order are equal to the bit; a BLAS may add the terms of different
columns in different order, which leaves some roundings of 6e-8 or 1e-16.
"""
RANK = 1e-6
"""Directions with less than this part of the largest singular value do not count."""
PLACES = 1024
"""Places of an activation that are looked at together."""


def rows_of_units(kernel: Array) -> Array:
    """A kernel (..., units) as a matrix with a unit in each row: (units, weights per unit)."""
    return host(kernel).reshape(-1, kernel.shape[-1]).T  # (units, weights per unit)


def distinct(kernel: Array, tolerance: float | None = None) -> int:
    """The number of different units.

    Equal units lie at nearly one place along any direction. So the units are put in the order of
    their places along one, and only those without a gap between them are compared. A unit with a
    NaN or an infinity is like no other.

    Args:
        kernel: (..., units).
        tolerance: largest difference between equal units, as a part of the largest weight; None
            takes that of `ROUNDING` for the kernel's dtype.
    """
    if tolerance is None:
        tolerance = ROUNDING[kernel.dtype]
    units = rows_of_units(kernel)  # (units, weights)
    direction = np.random.default_rng(0).standard_normal(units.shape[1])
    with np.errstate(invalid="ignore"):
        places = units @ direction  # (units,), not finite where a weight is not
    known = np.isfinite(places)
    if not known.all():
        units, places = units[known], places[known]
    within = tolerance * largest(units)
    order = np.argsort(places)
    gaps = np.diff(places[order]) > within * float(np.sum(np.abs(direction)))
    if gaps.all():
        return len(known)
    stretches = np.split(order, np.flatnonzero(gaps) + 1)  # without a gap
    unlike = len(known) - len(units)
    return unlike + sum(
        len(stretch) if len(stretch) < 2 else _different(units[stretch], within)
        for stretch in stretches
    )


def largest(array: Array) -> float:
    """The largest magnitude of an entry, 0 of none; NaN where there is one. It copies nothing."""
    if not array.size:
        return 0.0
    return float(np.maximum(-np.min(array), np.max(array)))


def _different(units: Array, within: float) -> int:
    """How many rows differ by more than this from every row that was counted before."""
    known = units[:1]
    for unit in units[1:]:
        if np.all(np.max(np.abs(known - unit), axis=1) > within):
            known = np.concatenate([known, unit[None]])
    return len(known)


def rank(kernel: Array) -> int | None:
    """The number of linearly independent units; None where a weight is not finite.

    It counts the singular values above `RANK` times the largest, whose squares are the eigenvalues
    of the units' inner products. A float64 tells squares down to some 1e-16 of the largest apart,
    hence singular values down to 1e-8.

    Most kernels are of full rank, and a Cholesky factor proves it at a fraction of the cost: if
    G - t I has one, every eigenvalue of G exceeds t; and no eigenvalue exceeds the trace.
    """
    scale = largest(kernel)
    if not np.isfinite(scale):
        return None
    # Squares stay in float64's range.
    units = np.divide(rows_of_units(kernel), scale or 1.0, dtype=np.float64)  # (units, weights)
    products = units @ units.T if len(units) <= units.shape[1] else units.T @ units
    try:
        np.linalg.cholesky(products - RANK**2 * np.trace(products) * np.eye(len(products)))
    except np.linalg.LinAlgError:
        squares = np.linalg.eigvalsh(products)  # (min(units, weights),), the largest last
        return int(np.count_nonzero(squares > RANK**2 * squares[-1]))
    return len(products)


def silent(y: Array, saturation: tuple[float, float] | None) -> int:
    """The number of units that never fire, see `silenced`."""
    return len(silenced(y, saturation))


def silenced(y: Array, saturation: tuple[float, float] | None) -> Array:
    """The units that never fire: flat in every row and place, so nothing reaches them.

    Most units fire within the first places, and need not be looked at further.

    Args:
        y: an activation (N, ..., units).
        saturation: the open range outside of which it is flat, see `Layer.saturation`; None where
            it is nowhere: then units count whose every output is exactly 0.
    """
    places = host(y).reshape(-1, y.shape[-1])  # (rows and places, units)
    left = np.arange(y.shape[-1])
    for start in range(0, len(places), PLACES):
        part = places[start : start + PLACES, left]
        if saturation is None:
            flat = part == 0
        else:
            flat = (part <= saturation[0]) | (part >= saturation[1])
        left = left[flat.all(axis=0)]
    return left


def live(kernel: Array) -> int:
    """The number of units with a weight other than exactly 0."""
    return int(np.count_nonzero(np.any(rows_of_units(kernel) != 0, axis=1)))


def spread(kernel: Array) -> float:
    """The largest difference between two units in one weight: exactly 0 where all are equal."""
    return float(np.max(np.ptp(rows_of_units(kernel), axis=0), initial=0.0))
