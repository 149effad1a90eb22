"""Losses and their derivatives. The formulae are in `loss.cu`."""

from __future__ import annotations

from .. import kernel
from ..ops import Array
from .launch import elementwise, empty, rowwise


@kernel("squared_error", backend="cupy")
def squared_error(y: Array, target: Array) -> tuple[Array, Array]:
    """The square and its derivative."""
    loss, dy = elementwise("loss", "squared_error", [y, target], outputs=2)
    return loss, dy


@kernel("absolute_error", backend="cupy")
def absolute_error(y: Array, target: Array) -> tuple[Array, Array]:
    """The distance and its direction."""
    loss, dy = elementwise("loss", "absolute_error", [y, target], outputs=2)
    return loss, dy


@kernel("binary_cross_entropy", backend="cupy")
def binary_cross_entropy(p: Array, target: Array, epsilon: float) -> tuple[Array, Array]:
    """The derivative is that of the clip, 0 or 1, times that of the logarithms."""
    interval = [epsilon, 1 - epsilon]
    loss, dp = elementwise("loss", "binary_cross_entropy", [p, target], interval, outputs=2)
    return loss, dp


@kernel("categorical_cross_entropy", backend="cupy")
def categorical_cross_entropy(p: Array, target: Array, epsilon: float) -> tuple[Array, Array]:
    """The chain rule back through log, clip and division."""
    loss, dp = empty(p.shape[:1], p.dtype), empty(p.shape, p.dtype)
    interval = [epsilon, 1 - epsilon]
    rowwise("loss", "categorical_cross_entropy", [p, target], [loss, dp], interval)
    return loss, dp


@kernel("sigmoid_cross_entropy", backend="cupy")
def sigmoid_cross_entropy(logits: Array, target: Array) -> tuple[Array, Array]:
    """The form whose exponential cannot overflow."""
    loss, dz = elementwise("loss", "sigmoid_cross_entropy", [logits, target], outputs=2)
    return loss, dz


@kernel("softmax_cross_entropy", backend="cupy")
def softmax_cross_entropy(logits: Array, target: Array) -> tuple[Array, Array]:
    """Logarithm of the sum, less the logit."""
    loss, dz = empty(logits.shape[:1], logits.dtype), empty(logits.shape, logits.dtype)
    rowwise("loss", "softmax_cross_entropy", [logits, target], [loss, dz])
    return loss, dz
