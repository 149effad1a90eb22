"""Matrix product and bias, by loops."""

from __future__ import annotations

import numpy as np

from .. import kernel
from ..ops import Array
from .scalars import doubles


@kernel("matmul", backend="naive")
def matmul(a: Array, b: Array) -> Array:
    """Three loops: rows, columns, and the axis that is summed over."""
    left, right = doubles(a, b)
    product = np.zeros((a.shape[0], b.shape[1]))
    for m, n, k in np.ndindex(*product.shape, a.shape[1]):
        product[m, n] += left[m, k] * right[k, n]
    return product.astype(a.dtype)


@kernel("add_bias", backend="naive")
def add_bias(x: Array, bias: Array) -> Array:
    """The bias of the last axis, at every place."""
    y = np.empty(x.shape, x.dtype)
    for place in np.ndindex(x.shape):
        y[place] = float(x[place]) + float(bias[place[-1]])
    return y


@kernel("bias_gradient", backend="naive")
def bias_gradient(dy: Array) -> Array:
    """Each output hands its dy to the bias that was added there."""
    dbias = np.zeros(dy.shape[-1])
    for place in np.ndindex(dy.shape):
        dbias[place[-1]] += float(dy[place])
    return dbias.astype(dy.dtype)
