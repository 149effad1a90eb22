"""Softmax over the last axis."""

from __future__ import annotations

from .. import kernel
from ..ops import Array
from .launch import empty, rowwise


@kernel("softmax", backend="cupy")
def softmax(x: Array) -> Array:
    """Row by row of the last axis."""
    y = empty(x.shape, x.dtype)
    rowwise("softmax", "softmax", [x], [y])
    return y


@kernel("softmax_gradient", backend="cupy")
def softmax_gradient(dy: Array, y: Array) -> Array:
    """Y times what dy is above its mean under y."""
    dx = empty(y.shape, y.dtype)
    rowwise("softmax", "softmax_gradient", [dy, y], [dx])
    return dx
