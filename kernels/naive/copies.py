"""Copies: padding and concatenation, number by number."""

from __future__ import annotations

import numpy as np

from .. import kernel
from ..geometry import Pair
from ..ops import Array


@kernel("pad", backend="naive")
def pad(x: Array, pads: tuple[Pair, Pair]) -> Array:
    """Each number in its place, among zeros."""
    (top, bottom), (left, right) = pads
    n_images, height, width, channels = x.shape
    y = np.zeros((n_images, top + height + bottom, left + width + right, channels), x.dtype)
    for n, h, w, c in np.ndindex(x.shape):
        y[n, top + h, left + w, c] = x[n, h, w, c]
    return y


@kernel("concatenate", backend="naive")
def concatenate(axis: int, *xs: Array) -> Array:
    """Each number as far on as the arrays before its own are long."""
    shape = list(xs[0].shape)
    shape[axis] = sum(x.shape[axis] for x in xs)
    y, begin = np.empty(shape, xs[0].dtype), 0
    for x in xs:
        for at in np.ndindex(x.shape):
            place = list(at)
            place[axis] += begin
            y[tuple(place)] = x[at]
        begin += x.shape[axis]
    return y
