"""Batch normalisation of x (A, C, B).

The channel axis is moved to the end, which costs nothing where B = 1 (the usual case: channels
last) and one copy each way elsewhere. Then every (C,) array repeats along the flat x with period C.
"""

from __future__ import annotations

import numpy as np

from .. import kernel
from ..ops import Array
from .jit import compiled
from .launch import periodic
from .linear import add_up


def channels_last(x: Array) -> Array:
    """(A, C, B) -> contiguous (A, B, C)."""
    return np.ascontiguousarray(x.transpose(0, 2, 1))


@compiled()
def _add_squares(x: Array, mean: Array, total: Array) -> None:
    for start in range(0, x.size, mean.size):
        row = x[start : start + mean.size]
        for c in range(row.size):
            deviation = row[c] - mean[c]
            total[c] += deviation * deviation


@kernel("moments", backend="numba")
def moments(x: Array) -> tuple[Array, Array]:
    """Two passes. Deviations are taken from the mean before it is rounded."""
    x = channels_last(x)  # (A, B, C)
    count, channels = x.shape[0] * x.shape[1], x.shape[2]
    _, (total,) = periodic(add_up, [x], channels, sums=1)
    mean = total / count
    _, (squares,) = periodic(_add_squares, [x], channels, [mean], sums=1)
    return mean.astype(x.dtype), (squares / count).astype(x.dtype)  # (C,), (C,)


@compiled()
def _batch_norm(x: Array, mean: Array, scale: Array, beta: Array, y: Array) -> None:
    for start in range(0, y.size, mean.size):
        period = slice(start, start + mean.size)
        x_row, y_row = x[period], y[period]
        for c in range(y_row.size):
            y_row[c] = (x_row[c] - mean[c]) * scale[c] + beta[c]


@kernel("batch_norm", backend="numba")
def batch_norm(
    x: Array, mean: Array, variance: Array, gamma: Array, beta: Array, epsilon: float
) -> Array:
    """Centred before it is scaled: x * scale + shift would cancel where the mean is large."""
    scale = gamma / np.sqrt(variance + x.dtype.type(epsilon))  # (C,)
    parameters = [mean, scale, beta]
    (y,), _ = periodic(_batch_norm, [channels_last(x)], mean.size, parameters, outputs=1)
    return channels_last(y)  # (A, C, B): the transposition is its own inverse


@compiled()
def _add_products(dy: Array, x: Array, mean: Array, dy_total: Array, product_total: Array) -> None:
    for start in range(0, x.size, mean.size):
        period = slice(start, start + mean.size)
        dy_row, x_row = dy[period], x[period]
        for c in range(x_row.size):
            dy_total[c] += dy_row[c]
            product_total[c] += dy_row[c] * (x_row[c] - mean[c])


def gradient_sums(dy: Array, x: Array, mean: Array) -> Array:
    """The sums of dy and of dy (x - mean) of channels-last arrays: float64 (2, C)."""
    return periodic(_add_products, [dy, x], mean.size, [mean], sums=2)[1]


@compiled()
def _batch_norm_gradient(
    dy: Array, x: Array, mean: Array, scale: Array, dy_mean: Array, slope: Array, dx: Array
) -> None:
    for start in range(0, dx.size, mean.size):
        period = slice(start, start + mean.size)
        dy_row, x_row, dx_row = dy[period], x[period], dx[period]
        for c in range(dx_row.size):
            own = dy_row[c] - dy_mean[c] - (x_row[c] - mean[c]) * slope[c]
            dx_row[c] = own * scale[c]


@kernel("batch_norm_gradient", backend="numba")
def batch_norm_gradient(
    dy: Array, x: Array, mean: Array, variance: Array, gamma: Array, epsilon: float
) -> tuple[Array, Array, Array]:
    """Dx = gamma / d * (dy - dbeta / M - z dgamma / M), with z = (x - mean) / d.

    M = A B, d = sqrt(variance + epsilon); the NumPy backend's norm.py derives it. The sums give
    dbeta = sum dy and dgamma = sum dy z, so z dgamma = (x - mean) * sum dy (x - mean) / d^2.
    """
    dtype, count = x.dtype, x.shape[0] * x.shape[2]
    dy, x = channels_last(dy), channels_last(x)  # (A, B, C)
    deviation = np.sqrt(variance + dtype.type(epsilon))  # (C,)
    dbeta, products = gradient_sums(dy, x, mean)
    slope = products / count / np.square(deviation, dtype=np.float64)
    parameters = [p.astype(dtype) for p in (mean, gamma / deviation, dbeta / count, slope)]
    (dx,), _ = periodic(_batch_norm_gradient, [dy, x], mean.size, parameters, outputs=1)
    return channels_last(dx), (products / deviation).astype(dtype), dbeta.astype(dtype)


@compiled()
def _scale(dy: Array, scale: Array, dx: Array) -> None:
    for start in range(0, dx.size, scale.size):
        period = slice(start, start + scale.size)
        dy_row, dx_row = dy[period], dx[period]
        for c in range(dx_row.size):
            dx_row[c] = dy_row[c] * scale[c]


@kernel("batch_norm_inference_gradient", backend="numba")
def batch_norm_inference_gradient(
    dy: Array, x: Array, mean: Array, variance: Array, gamma: Array, epsilon: float
) -> tuple[Array, Array, Array]:
    """An affine map of each channel."""
    dtype = x.dtype
    dy, x = channels_last(dy), channels_last(x)  # (A, B, C)
    deviation = np.sqrt(variance + dtype.type(epsilon))  # (C,)
    dbeta, products = gradient_sums(dy, x, mean)
    (dx,), _ = periodic(_scale, [dy], mean.size, [gamma / deviation], outputs=1)
    return channels_last(dx), (products / deviation).astype(dtype), dbeta.astype(dtype)
