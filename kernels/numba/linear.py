"""Matrix product and bias. A bias (C,) repeats along the flat array: its period is C."""

from __future__ import annotations

from .. import kernel
from ..ops import Array
from . import blas
from .jit import compiled
from .launch import periodic


@kernel("matmul", backend="numba")
def matmul(a: Array, b: Array) -> Array:
    """BLAS, block by block. Transposed views are taken as they are."""
    return blas.product(a, b)


@compiled()
def _add_bias(x: Array, bias: Array, y: Array) -> None:
    for start in range(0, y.size, bias.size):
        period = slice(start, start + bias.size)
        x_row, y_row = x[period], y[period]
        for c in range(y_row.size):
            y_row[c] = x_row[c] + bias[c]


@kernel("add_bias", backend="numba")
def add_bias(x: Array, bias: Array) -> Array:
    """Element by element."""
    (y,), _ = periodic(_add_bias, [x], bias.size, [bias], outputs=1)
    return y


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
