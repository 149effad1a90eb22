"""How many of a layer's units really differ: the width that it has, whatever its width says.

A unit is a filter of a convolution or a neuron of a dense layer: one slice of the kernel along
its last axis. Units that start equal, read the same input and are read by equal weights get equal
gradients, so they stay equal, and the layer computes one thing many times over.
"""

from __future__ import annotations

import numpy as np

from nnscratch.kernels.ops import Array

ROUNDING = 1e-9
"""Units of a float64 kernel that differ by less than this part of its largest weight are one.

Sums of equal numbers in equal order are equal to the bit; a BLAS may add the terms of different
columns in different order, which leaves some 1e-16.
"""


def rows_of_units(kernel: Array) -> Array:
    """A kernel (..., units) as a matrix with a unit in each row: (units, weights per unit)."""
    return kernel.reshape(-1, kernel.shape[-1]).T  # (units, weights per unit)


def distinct(kernel: Array, tolerance: float = ROUNDING) -> int:
    """The number of different units.

    Args:
        kernel: (..., units).
        tolerance: largest difference between equal units, as a part of the largest weight.
    """
    known: list[Array] = []
    within = tolerance * float(np.max(np.abs(kernel), initial=0.0))
    for unit in rows_of_units(kernel):
        if not any(np.max(np.abs(unit - other)) <= within for other in known):
            known.append(unit)
    return len(known)


def live(kernel: Array) -> int:
    """The number of units with a weight other than exactly 0."""
    return int(np.count_nonzero(np.any(rows_of_units(kernel) != 0, axis=1)))


def spread(kernel: Array) -> float:
    """The largest difference between two units in one weight: exactly 0 where all are equal."""
    return float(np.max(np.ptp(rows_of_units(kernel), axis=0), initial=0.0))
