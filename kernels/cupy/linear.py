"""Matrix product and bias."""

from __future__ import annotations

from .. import kernel
from ..ops import Array, Curve, into
from .columns import column_sums
from .device import device
from .finish import Finish, finished
from .launch import contiguous, empty


@kernel("matmul", backend="cupy")
def matmul(
    a: Array,
    b: Array,
    bias: Array | None = None,
    activation: Curve | None = None,
    out: Array | None = None,
) -> Array:
    """CuBLAS."""
    y = finished(device().xp.matmul(a, b), Finish(bias, activation))  # (M, N)
    return into(out, y)


@kernel("bias_gradient", backend="cupy")
def bias_gradient(dy: Array) -> Array:
    """Slab by slab of rows, then over slabs."""
    channels = dy.shape[-1]
    dbias = empty((channels,), dy.dtype)
    shape = (dy.size // channels, channels)
    parts = column_sums("linear", "bias_sums", [contiguous(dy)], shape, sums=1)
    parts.finish("linear", "bias_gradient", [dbias])
    return dbias
