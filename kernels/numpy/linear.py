"""Matrix product and bias."""

from __future__ import annotations

from .. import kernel
from ..ops import Array, Curve, into
from .activation import finished
from .reduce import total


@kernel("matmul", backend="numpy")
def matmul(
    a: Array,
    b: Array,
    bias: Array | None = None,
    activation: Curve | None = None,
    out: Array | None = None,
) -> Array:
    """BLAS."""
    return into(out, finished(a @ b, bias, activation))  # (M, N)


@kernel("bias_gradient", backend="numpy")
def bias_gradient(dy: Array) -> Array:
    """Broadcasting a bias copies it to every place; its gradient sums over them."""
    return total(dy, axis=tuple(range(dy.ndim - 1)))  # (C,)
