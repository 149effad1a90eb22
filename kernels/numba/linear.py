"""Matrix product, and the gradient of a bias (C,): its period along a flat array is C."""

from __future__ import annotations

from .. import kernel
from ..ops import Array, Curve
from . import blas
from .finish import finish
from .jit import compiled
from .launch import periodic


@kernel("matmul", backend="numba")
def matmul(a: Array, b: Array, bias: Array | None = None, activation: Curve | None = None) -> Array:
    """BLAS, block by block. Transposed views are taken as they are."""
    return blas.product(a, b, finish(bias, activation, b.shape[1], a.dtype))


@compiled()
def add_up(x: Array, total: Array) -> None:
    """Add each period of x, as long as `total`, to it."""
    for start in range(0, x.size, total.size):
        row = x[start : start + total.size]
        for c in range(row.size):
            total[c] += row[c]


@kernel("bias_gradient", backend="numba")
def bias_gradient(dy: Array) -> Array:
    """Column sums, in float64."""
    _, (total,) = periodic(add_up, [dy], dy.shape[-1], sums=1)
    gradient: Array = total.astype(dy.dtype)  # (C,)
    return gradient
