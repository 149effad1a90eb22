"""Losses and their derivatives, scalar by scalar and row by row."""

from __future__ import annotations

from math import exp, isnan, log, log1p

import numpy as np

from .. import kernel
from ..ops import Array
from .activation import logistic
from .scalars import doubles, elementwise, rounded


def sign(x: float) -> float:
    """-1, 0 or 1; NaN of NaN."""
    return x if isnan(x) else float((x > 0) - (x < 0))


@kernel("squared_error", backend="naive")
def squared_error(y: Array, target: Array) -> tuple[Array, Array]:
    """The square and its derivative."""
    return (
        elementwise(lambda y, t: (y - t) ** 2, y, target),
        elementwise(lambda y, t: 2 * (y - t), y, target),
    )


@kernel("absolute_error", backend="naive")
def absolute_error(y: Array, target: Array) -> tuple[Array, Array]:
    """The distance and its direction."""
    return (
        elementwise(lambda y, t: abs(y - t), y, target),
        elementwise(lambda y, t: sign(y - t), y, target),
    )


def clipped(x: float, low: float, high: float) -> float:
    """x moved into [low, high]; NaN of NaN."""
    return low if x < low else high if x > high else x


@kernel("binary_cross_entropy", backend="naive")
def binary_cross_entropy(p: Array, target: Array, epsilon: float) -> tuple[Array, Array]:
    """The derivative is that of the clip, 0 or 1, times that of the logarithms."""
    low, high = rounded(epsilon, p), rounded(1 - epsilon, p)

    def loss(p: float, t: float) -> float:
        q = clipped(p, low, high)
        return -t * log(q) - (1 - t) * log(1 - q)

    def derivative(p: float, t: float) -> float:
        return 0.0 if p < low or p > high else (1 - t) / (1 - p) - t / p

    return elementwise(loss, p, target), elementwise(derivative, p, target)


@kernel("categorical_cross_entropy", backend="naive")
def categorical_cross_entropy(p: Array, target: Array, epsilon: float) -> tuple[Array, Array]:
    """The chain rule back through log, clip and division, each output to each of its inputs."""
    low, high = rounded(epsilon, p), rounded(1 - epsilon, p)
    probabilities, targets = doubles(p, target)
    loss, dp = np.zeros(len(p)), np.zeros(p.shape)
    classes = range(p.shape[1])
    for r in range(len(p)):
        total = sum(probabilities[r])
        for k in classes:
            q = probabilities[r, k] / total
            loss[r] -= targets[r, k] * log(clipped(q, low, high))
            dq = 0.0 if q < low or q > high else -targets[r, k] / q
            for j in classes:  # q_k = p_k / total, so dq_k/dp_j = ([k = j] - q_k) / total
                dp[r, j] += dq * ((k == j) - q) / total
    return loss.astype(p.dtype), dp.astype(p.dtype)


@kernel("sigmoid_cross_entropy", backend="naive")
def sigmoid_cross_entropy(logits: Array, target: Array) -> tuple[Array, Array]:
    """The form whose exponential cannot overflow."""
    return (
        elementwise(lambda z, t: max(z, 0.0) - z * t + log1p(exp(-abs(z))), logits, target),
        elementwise(lambda z, t: logistic(z) - t, logits, target),
    )


@kernel("softmax_cross_entropy", backend="naive")
def softmax_cross_entropy(logits: Array, target: Array) -> tuple[Array, Array]:
    """Each target t_k adds -t_k log q_k, and to the derivative by z_j: t_k (q_j - [k = j])."""
    values, targets = doubles(logits, target)
    loss, dz = np.zeros(len(logits)), np.zeros(logits.shape)
    classes = range(logits.shape[1])
    for r in range(len(logits)):
        largest = max(values[r])
        log_sum = largest + log(sum(exp(z - largest) for z in values[r]))
        for k in classes:
            loss[r] -= targets[r, k] * (values[r, k] - log_sum)
            for j in classes:
                dz[r, j] += targets[r, k] * (exp(values[r, j] - log_sum) - (k == j))
    return loss.astype(logits.dtype), dz.astype(logits.dtype)
