"""Copies: padding and concatenation."""

from __future__ import annotations

import numpy as np

from .. import kernel
from ..geometry import Pair
from ..ops import Array


@kernel("pad", backend="numpy")
def pad(x: Array, pads: tuple[Pair, Pair]) -> Array:
    """NumPy's own."""
    return np.pad(x, ((0, 0), *pads, (0, 0)))


@kernel("concatenate", backend="numpy")
def concatenate(axis: int, *xs: Array) -> Array:
    """NumPy's own."""
    return np.concatenate(xs, axis)
