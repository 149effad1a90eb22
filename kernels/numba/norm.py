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
from .sums import four

SOME = 64
"""Rows whose mean is near that of all."""


def channels_last(x: Array) -> Array:
    """(A, C, B) -> contiguous (A, B, C)."""
    return np.ascontiguousarray(x.transpose(0, 2, 1))


@compiled()
def _add_deviations(x: Array, shift: Array, total: Array, squares: Array) -> None:
    fours = x.size - x.size % (4 * shift.size)
    for start in range(0, fours, 4 * shift.size):
        a, b, c, d = four(x, start, shift.size)
        for i in range(shift.size):
            first, second = a[i] - shift[i], b[i] - shift[i]
            third, fourth = c[i] - shift[i], d[i] - shift[i]
            total[i] += (first + second) + (third + fourth)
            squares[i] += (first * first + second * second) + (third * third + fourth * fourth)
    for start in range(fours, x.size, shift.size):
        row = x[start : start + shift.size]
        for i in range(row.size):
            deviation = row[i] - shift[i]
            total[i] += deviation
            squares[i] += deviation * deviation


@kernel("moments", backend="numba")
def moments(x: Array) -> tuple[Array, Array]:
    """One pass: deviations in float64 from a number near the mean, that of some of the rows.

        mean = shift + sum(x - shift) / M
        variance = sum((x - shift)^2) / M - (mean - shift)^2

    The difference cancels no more than (mean - shift)^2 / variance, and m rows as far off as their
    mean is alone make that M / m at most, of float64's digits. Two passes took 2.3 times as long.
    """
    x = channels_last(x)  # (A, B, C)
    count, channels = x.shape[0] * x.shape[1], x.shape[2]
    shift = mean_of_some(x.reshape(count, channels))
    _, (total, squares) = periodic(_add_deviations, [x], channels, [shift], sums=2)
    from_shift = total / count
    with np.errstate(invalid="ignore"):  # inf - inf
        variance = np.maximum(squares / count - np.square(from_shift), 0)  # below it by rounding
    return (shift + from_shift).astype(x.dtype), variance.astype(x.dtype)  # (C,), (C,)


def mean_of_some(rows: Array) -> Array:
    """The mean of some rows (M, C), evenly apart: float64 (C,), and 0 where it is not finite."""
    some = rows[:: max(len(rows) // SOME, 1)]
    with np.errstate(invalid="ignore"):  # inf - inf
        mean = np.add.reduce(some, axis=0, dtype=np.float64) / max(len(some), 1)
    return np.where(np.isfinite(mean), mean, 0.0)


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
    wide = type(dy_total[0])
    fours = x.size - x.size % (4 * mean.size)
    for start in range(0, fours, 4 * mean.size):
        a, b, c, d = four(x, start, mean.size)
        e, f, g, h = four(dy, start, mean.size)
        for i in range(mean.size):
            first, second = wide(e[i] * (a[i] - mean[i])), wide(f[i] * (b[i] - mean[i]))
            third, fourth = wide(g[i] * (c[i] - mean[i])), wide(h[i] * (d[i] - mean[i]))
            dy_total[i] += (wide(e[i]) + wide(f[i])) + (wide(g[i]) + wide(h[i]))
            product_total[i] += (first + second) + (third + fourth)
    for start in range(fours, x.size, mean.size):
        period = slice(start, start + mean.size)
        dy_row, x_row = dy[period], x[period]
        for i in range(x_row.size):
            dy_total[i] += dy_row[i]
            product_total[i] += dy_row[i] * (x_row[i] - mean[i])


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
