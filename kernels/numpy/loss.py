"""Losses and their derivatives."""

from __future__ import annotations

import numpy as np

from .. import kernel
from ..ops import Array
from .activation import sigmoid, softmax


@kernel("squared_error", backend="numpy")
def squared_error(y: Array, target: Array) -> tuple[Array, Array]:
    """The square and its derivative."""
    difference = y - target
    return np.square(difference), 2 * difference


@kernel("absolute_error", backend="numpy")
def absolute_error(y: Array, target: Array) -> tuple[Array, Array]:
    """The distance and its direction."""
    difference = y - target
    return np.abs(difference), np.sign(difference)


def clip(p: Array, epsilon: float) -> tuple[Array, Array]:
    """(q, flat): p moved into [epsilon, 1 - epsilon], and where that moved it."""
    low, high = epsilon, 1 - epsilon
    return np.clip(p, low, high), (p < low) | (p > high)


@kernel("binary_cross_entropy", backend="numpy")
def binary_cross_entropy(p: Array, target: Array, epsilon: float) -> tuple[Array, Array]:
    """-t/q + (1-t)/(1-q) where the clip has slope 1."""
    q, flat = clip(p, epsilon)
    loss = -target * np.log(q) - (1 - target) * np.log(1 - q)
    return loss, np.where(flat, 0, (1 - target) / (1 - q) - target / q)


@kernel("categorical_cross_entropy", backend="numpy")
def categorical_cross_entropy(p: Array, target: Array, epsilon: float) -> tuple[Array, Array]:
    """The chain rule back through log, clip and division.

    With s = sum_k p_k and r = p / s, dr_k/dp_j = ([k = j] - r_k) / s. What reaches r is
    dr_k = -t_k / r_k, or 0 where the clip is flat, so

        dp_j = (dr_j - sum_k dr_k r_k) / s
    """
    total = p.sum(axis=1, keepdims=True)  # (R, 1)
    ratio = p / total
    q, flat = clip(ratio, epsilon)
    loss = -(target * np.log(q)).sum(axis=1)  # (R,)
    dratio = np.where(flat, 0, -target / q)
    return loss, (dratio - (dratio * ratio).sum(axis=1, keepdims=True)) / total


@kernel("sigmoid_cross_entropy", backend="numpy")
def sigmoid_cross_entropy(logits: Array, target: Array) -> tuple[Array, Array]:
    """-t log q - (1-t) log(1-q) with q = sigmoid(z) is log(1 + exp(z)) - z t.

    log(1 + exp(z)) = max(z, 0) + log(1 + exp(-|z|)), whose exponential cannot overflow.
    """
    softplus = np.maximum(logits, 0) + np.log1p(np.exp(-np.abs(logits)))
    return softplus - logits * target, sigmoid(logits) - target


@kernel("softmax_cross_entropy", backend="numpy")
def softmax_cross_entropy(logits: Array, target: Array) -> tuple[Array, Array]:
    """log q_k = z_k - log sum_j exp(z_j), and d log q_k / dz_j = [k = j] - q_j."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_q = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -(target * log_q).sum(axis=1)  # (R,)
    return loss, softmax(logits) * target.sum(axis=1, keepdims=True) - target
