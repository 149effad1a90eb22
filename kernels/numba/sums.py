"""Sums."""

from __future__ import annotations

from .. import kernel
from ..ops import Array
from . import memory
from .jit import compiled
from .launch import elementwise


@compiled()
def _add(a: Array, b: Array, y: Array) -> None:
    for i in range(y.size):
        y[i] = a[i] + b[i]


@kernel("zeros_like", backend="numba")
def zeros_like(x: Array) -> Array:
    """Zeros where something was before."""
    return memory.zeros(x.shape, x.dtype)


@kernel("add", backend="numba")
def add(a: Array, b: Array) -> Array:
    """One addition per number; its place is memory that was in use before."""
    (y,) = elementwise(_add, [a, b])
    return y
