"""Sums over a batch."""

from __future__ import annotations

import numpy as np

from ..ops import Array


def total(x: Array, axis: tuple[int, ...]) -> Array:
    """Sum over axes, accumulated in float64 and rounded to x's dtype once.

    NumPy adds along the leading axes one row after the other. In float32 the roundings of a batch's
    50 000 pixels would add up to a hundred units in the last place.
    """
    summed: Array = x.sum(axis=axis, dtype=np.float64)
    return summed.astype(x.dtype)
