"""Matrix product, and the gradient of a bias (C,): its period along a flat array is C.

Versions of the product: BLAS, block by block; and from 2 MFLOP on the micro-kernel, which takes 0.4
to 0.95 times as long on two threads of an Intel Xeon with AVX-512, but 1.1 to 1.2 times where sums
are of 8 or 16 products.
"""

from __future__ import annotations

from .. import kernel
from ..ops import Array, Curve
from . import matrices
from .finish import finish
from .launch import periodic
from .sums import add_up


@kernel("matmul", backend="numba")
def matmul(
    a: Array,
    b: Array,
    bias: Array | None = None,
    activation: Curve | None = None,
    out: Array | None = None,
) -> Array:
    """Transposed views are taken as they are."""
    return matrices.product(a, b, finish(bias, activation, b.shape[1], a.dtype), out)


@kernel("bias_gradient", backend="numba")
def bias_gradient(dy: Array) -> Array:
    """Column sums, in float64."""
    _, (total,) = periodic(add_up, [dy], dy.shape[-1], sums=1)
    gradient: Array = total.astype(dy.dtype)  # (C,)
    return gradient
