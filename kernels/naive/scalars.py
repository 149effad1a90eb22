"""How the naive kernels meet arrays: double precision in, one rounding out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..ops import Array


def doubles(*arrays: Array) -> tuple[Array, ...]:
    """The arrays in float64, which holds every float32 exactly."""
    return tuple(np.asarray(array, np.float64) for array in arrays)


def rounded(scalar: float, like: Array) -> float:
    """A Python scalar as an array of `like`'s dtype would hold it."""
    return float(like.dtype.type(scalar))


def elementwise(function: Callable[..., float], *arrays: Array) -> Array:
    """`function` of the scalars at each place of equally shaped arrays, in the dtype of the first.

    It is given Python floats and may compute in double precision.
    """
    y = np.empty(arrays[0].shape, arrays[0].dtype)
    for place in np.ndindex(y.shape):
        y[place] = function(*(float(array[place]) for array in arrays))
    return y
