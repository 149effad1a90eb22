"""Matrix product, and the gradient of a bias (C,): its period along a flat array is C.

Versions of the product: BLAS; the micro-kernel of the convolutions on packed columns, which took
1.2 to 2.2 times as long up to 6 MFLOP (15 to 130 us) and for 8 rows, and 0.6 to 1.3 times from 25
MFLOP on: it did not stay.
"""

from __future__ import annotations

from .. import kernel
from ..ops import Array, Curve
from . import blas
from .finish import finish
from .launch import periodic
from .sums import add_up


@kernel("matmul", backend="numba")
def matmul(a: Array, b: Array, bias: Array | None = None, activation: Curve | None = None) -> Array:
    """BLAS, block by block. Transposed views are taken as they are."""
    return blas.product(a, b, finish(bias, activation, b.shape[1], a.dtype))


@kernel("bias_gradient", backend="numba")
def bias_gradient(dy: Array) -> Array:
    """Column sums, in float64."""
    _, (total,) = periodic(add_up, [dy], dy.shape[-1], sums=1)
    gradient: Array = total.astype(dy.dtype)  # (C,)
    return gradient
