"""Philox4x32-10, and dropout from it: the same masks as on the CPU."""

from __future__ import annotations

from math import floor

import numpy as np

from .. import kernel
from ..ops import Array, Key
from .launch import contiguous, empty, over, real, size


def halves(key: Key) -> list[np.uint32]:
    """A key, as kernels take it."""
    return [np.uint32(word) for word in key]


@kernel("random_bits", backend="cupy")
def random_bits(key: Key, count: int) -> Array:
    """Four words from each thread."""
    bits = empty((count,), np.uint32)
    arguments = [*halves(key), bits, size(count)]
    over("random", "random_bits", -(-count // 4), arguments, real(np.dtype(np.float32)))
    return bits


@kernel("dropout", backend="cupy")
def dropout(x: Array, key: Key, rate: float) -> tuple[Array, Array]:
    """Words are made, used and forgotten."""
    y, kept = empty(x.shape, x.dtype), empty(x.shape, np.bool_)
    threshold, keep = np.uint32(floor(rate * 2**32)), x.dtype.type(1 - rate)
    arguments = [contiguous(x), *halves(key), threshold, keep, y, kept, size(x.size)]
    over("random", "dropout", -(-x.size // 4), arguments, real(x.dtype))
    return y, kept


@kernel("dropout_gradient", backend="cupy")
def dropout_gradient(dy: Array, kept: Array, rate: float) -> Array:
    """Each kept element hands back its dy, scaled as it was."""
    dx, keep = empty(dy.shape, dy.dtype), dy.dtype.type(1 - rate)
    arguments = [contiguous(dy), contiguous(kept), keep, dx, size(dy.size)]
    over("random", "dropout_gradient", dy.size, arguments, real(dy.dtype))
    return dx
