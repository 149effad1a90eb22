"""Matrix product and bias."""

from __future__ import annotations

from .. import kernel, table
from ..ops import Array, Curve
from .columns import column_sums
from .device import device
from .launch import contiguous, empty, over, real, size


def finished(y: Array, bias: Array | None, activation: Curve | None) -> Array:
    """What a product hands on: its results y (..., C), which nobody else holds, finished."""
    if bias is not None:
        arguments = [y, contiguous(bias), size(y.shape[-1]), size(y.size)]
        over("linear", "add_bias", y.size, arguments, real(y.dtype))
    if activation is None:
        return y
    result: Array = table()[activation.op, "cupy"](y, *activation.arguments)
    return result


@kernel("matmul", backend="cupy")
def matmul(a: Array, b: Array, bias: Array | None = None, activation: Curve | None = None) -> Array:
    """CuBLAS."""
    return finished(device().xp.matmul(a, b), bias, activation)  # (M, N)


@kernel("bias_gradient", backend="cupy")
def bias_gradient(dy: Array) -> Array:
    """Slab by slab of rows, then over slabs."""
    channels = dy.shape[-1]
    dbias = empty((channels,), dy.dtype)
    shape = (dy.size // channels, channels)
    parts = column_sums("linear", "bias_sums", [contiguous(dy)], shape, sums=1)
    parts.finish("linear", "bias_gradient", [dbias])
    return dbias
