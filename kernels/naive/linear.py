"""Matrix product and bias, by loops."""

from __future__ import annotations

import numpy as np

from .. import kernel
from ..ops import Array, Curve, into
from .activation import finished
from .scalars import doubles


@kernel("matmul", backend="naive")
def matmul(
    a: Array,
    b: Array,
    bias: Array | None = None,
    activation: Curve | None = None,
    out: Array | None = None,
) -> Array:
    """Three loops: rows, columns, and the axis that is summed over."""
    left, right = doubles(a, b)
    product = np.zeros((a.shape[0], b.shape[1]))
    for m, n, k in np.ndindex(*product.shape, a.shape[1]):
        product[m, n] += left[m, k] * right[k, n]
    return into(out, finished(product.astype(a.dtype), bias, activation))


@kernel("bias_gradient", backend="naive")
def bias_gradient(dy: Array) -> Array:
    """Each output hands its dy to the bias that was added there."""
    dbias = np.zeros(dy.shape[-1])
    for place in np.ndindex(dy.shape):
        dbias[place[-1]] += float(dy[place])
    return dbias.astype(dy.dtype)
