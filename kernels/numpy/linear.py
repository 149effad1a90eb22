"""Matrix product and bias."""

from __future__ import annotations

from .. import kernel
from ..ops import Array
from .reduce import total


@kernel("matmul", backend="numpy")
def matmul(a: Array, b: Array) -> Array:
    """BLAS."""
    return a @ b  # (M, N)


@kernel("add_bias", backend="numpy")
def add_bias(x: Array, bias: Array) -> Array:
    """The bias broadcasts along the last axis."""
    return x + bias


@kernel("bias_gradient", backend="numpy")
def bias_gradient(dy: Array) -> Array:
    """Broadcasting a bias copies it to every place; its gradient sums over them."""
    return total(dy, axis=tuple(range(dy.ndim - 1)))  # (C,)
