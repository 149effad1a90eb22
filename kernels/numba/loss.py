"""Losses and their derivatives, in one pass."""

from __future__ import annotations

from math import log, log1p

import numpy as np

from .. import kernel
from ..ops import Array
from . import memory, vectormath
from .jit import compiled
from .launch import elementwise, rowwise
from .softmax import powers, row_max, row_sum

exp = vectormath.exp


@compiled()
def _squared_error(y: Array, target: Array, loss: Array, dy: Array) -> None:
    for i in range(y.size):
        difference = y[i] - target[i]
        loss[i] = difference * difference
        dy[i] = difference + difference


@kernel("squared_error", backend="numba")
def squared_error(y: Array, target: Array) -> tuple[Array, Array]:
    """The square and its derivative."""
    loss, dy = elementwise(_squared_error, [y, target], outputs=2)
    return loss, dy


@compiled()
def _absolute_error(y: Array, target: Array, loss: Array, dy: Array) -> None:
    zero, one = type(y[0])(0), type(y[0])(1)
    for i in range(y.size):
        difference = y[i] - target[i]
        loss[i] = abs(difference)
        sign = -one if difference < zero else difference + zero  # 0 or NaN, and -0 + 0 is 0
        dy[i] = one if difference > zero else sign


@kernel("absolute_error", backend="numba")
def absolute_error(y: Array, target: Array) -> tuple[Array, Array]:
    """The distance and its direction."""
    loss, dy = elementwise(_absolute_error, [y, target], outputs=2)
    return loss, dy


@compiled()
def _binary_cross_entropy(
    p: Array, target: Array, low: float, high: float, loss: Array, dp: Array
) -> None:
    zero, one = type(low)(0), type(low)(1)
    for i in range(p.size):
        t = target[i]
        q = low if p[i] < low else high if p[i] > high else p[i]
        loss[i] = -t * log(q) - (one - t) * log1p(-q)
        inside = (one - t) / (one - p[i]) - t / p[i]
        dp[i] = zero if p[i] < low or p[i] > high else inside


@kernel("binary_cross_entropy", backend="numba")
def binary_cross_entropy(p: Array, target: Array, epsilon: float) -> tuple[Array, Array]:
    """The derivative is that of the clip, 0 or 1, times that of the logarithms."""
    loss, dp = elementwise(_binary_cross_entropy, [p, target], [epsilon, 1 - epsilon], outputs=2)
    return loss, dp


@compiled()
def _categorical_cross_entropy(
    p: Array, target: Array, low: float, high: float, loss: Array, dp: Array
) -> None:
    """With q = p / sum(p), dp_j = (dq_j - sum_k dq_k q_k) / sum(p)."""
    zero = type(low)(0)
    for r in range(len(p)):
        total = type(low)(row_sum(p[r]))
        value = mean = 0.0
        for k in range(p.shape[1]):
            t, q = target[r, k], p[r, k] / total
            value -= t * log(low if q < low else high if q > high else q)
            dq = zero if q < low or q > high else -t / q
            mean += dq * q
            dp[r, k] = dq / total
        loss[r] = value
        for k in range(p.shape[1]):
            dp[r, k] -= type(low)(mean) / total


@kernel("categorical_cross_entropy", backend="numba")
def categorical_cross_entropy(p: Array, target: Array, epsilon: float) -> tuple[Array, Array]:
    """The chain rule back through log, clip and division."""
    loss, dp = np.empty(len(p), p.dtype), memory.empty(p.shape, p.dtype)
    rowwise(_categorical_cross_entropy, [p, target], [loss, dp], [epsilon, 1 - epsilon])
    return loss, dp


@compiled()
def _sigmoid_cross_entropy(logits: Array, target: Array, loss: Array, dz: Array) -> None:
    zero = type(logits[0])(0)
    for i in range(logits.size):
        z, t = logits[i], target[i]
        loss[i] = (z if z > zero else zero) - z * t + log1p(exp(-abs(z)))
        dz[i] = vectormath.sigmoid(z) - t


@kernel("sigmoid_cross_entropy", backend="numba")
def sigmoid_cross_entropy(logits: Array, target: Array) -> tuple[Array, Array]:
    """The form whose exponential cannot overflow."""
    loss, dz = elementwise(_sigmoid_cross_entropy, [logits, target], outputs=2)
    return loss, dz


@compiled()
def _softmax_cross_entropy(logits: Array, target: Array, loss: Array, dz: Array) -> None:
    powers(logits, dz)
    for r in range(len(logits)):
        total = row_sum(dz[r])
        log_total = row_max(logits[r]) + log(total)
        weight = type(logits[r, 0])(row_sum(target[r]) / total)
        value = 0.0
        for k in range(logits.shape[1]):
            value -= target[r, k] * (logits[r, k] - log_total)
            dz[r, k] = dz[r, k] * weight - target[r, k]
        loss[r] = value


@kernel("softmax_cross_entropy", backend="numba")
def softmax_cross_entropy(logits: Array, target: Array) -> tuple[Array, Array]:
    """-log softmax(z) = log(sum exp z) - z, with the largest logit taken out of the sum."""
    loss, dz = np.empty(len(logits), logits.dtype), memory.empty(logits.shape, logits.dtype)
    rowwise(_softmax_cross_entropy, [logits, target], [loss, dz])
    return loss, dz
