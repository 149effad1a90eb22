"""Activations, element by element, and softmax over the last axis.

NaN propagates because each comparison with it is false and each `where` keeps x in that branch.
"""

from __future__ import annotations

import math

import numpy as np

from .. import kernel, table
from ..ops import Array, Curve
from .reduce import total


@kernel("relu", backend="numpy")
def relu(x: Array, negative_slope: float, max_value: float, threshold: float) -> Array:
    """Below the threshold a slope of 0 is not multiplied by: 0 * -inf would be NaN."""
    below = negative_slope * (x - threshold) if negative_slope else 0
    return np.where(x >= max_value, max_value, np.where(x < threshold, below, x))


@kernel("relu_gradient", backend="numpy")
def relu_gradient(
    dy: Array, y: Array, negative_slope: float, max_value: float, threshold: float
) -> Array:
    """dy times the slope of the branch."""
    slope = np.full_like(y, negative_slope)
    slope[y > threshold] = 1
    slope[y >= max_value] = 0
    slope[np.isnan(y)] = np.nan
    return dy * slope


@kernel("prelu", backend="numpy")
def prelu(x: Array, alpha: Array) -> Array:
    """Alpha broadcasts along the batch, and along the axes in which it is shared."""
    return np.where(x > 0, x, alpha * x)


@kernel("prelu_gradient", backend="numpy")
def prelu_gradient(dy: Array, x: Array, alpha: Array) -> tuple[Array, Array]:
    """Broadcasting alpha copies it along some axes; its gradient sums over those."""
    dx = np.where(x > 0, dy, alpha * dy)
    dx[np.isnan(x)] = np.nan
    spread = dy * np.minimum(x, 0)
    missing = x.ndim - alpha.ndim  # axes of x that alpha lacks, the batch among them
    shared = [missing + axis for axis, extent in enumerate(alpha.shape) if extent == 1]
    dalpha = total(spread, axis=(*range(missing), *shared)).reshape(alpha.shape)
    return dx, dalpha


@kernel("elu", backend="numpy")
def elu(x: Array, alpha: float) -> Array:
    """The exponential sees no positive number, so it cannot overflow."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


@kernel("elu_gradient", backend="numpy")
def elu_gradient(dy: Array, y: Array, alpha: float) -> Array:
    """Below 0 the slope alpha * exp(x) is y + alpha."""
    slope = np.where(y >= 0, 1, y + alpha)
    return dy * slope


@kernel("sigmoid", backend="numpy")
def sigmoid(x: Array) -> Array:
    """With e = exp(-|x|), in (0, 1]: 1 / (1 + e) on the right and e / (1 + e) on the left."""
    power = np.exp(-np.abs(x))
    y: Array = np.where(x >= 0, 1, power) / (1 + power)
    return y


@kernel("sigmoid_gradient", backend="numpy")
def sigmoid_gradient(dy: Array, y: Array) -> Array:
    """The slope of the sigmoid in terms of its value."""
    slope: Array = y * (1 - y)
    return dy * slope


@kernel("tanh", backend="numpy")
def tanh(x: Array) -> Array:
    """NumPy's."""
    return np.tanh(x)


@kernel("tanh_gradient", backend="numpy")
def tanh_gradient(dy: Array, y: Array) -> Array:
    """The slope of tanh in terms of its value."""
    slope: Array = 1 - y * y
    return dy * slope


FAR = 40.0
"""The normal distribution beyond: not even float64 tells it from 0."""


def normal_below(x: Array) -> Array:
    """The share of the standard normal distribution below x: NumPy has no erfc, Python has."""
    shares = [math.erfc(-value / math.sqrt(2)) / 2 for value in x.ravel().tolist()]
    return np.array(shares, x.dtype).reshape(x.shape)


@kernel("gelu", backend="numpy")
def gelu(x: Array) -> Array:
    """Far below 0, x may as well be near: 0 * -inf would be NaN."""
    x = np.maximum(x, -FAR)
    y: Array = x * normal_below(x)
    return y


@kernel("gelu_gradient", backend="numpy")
def gelu_gradient(dy: Array, x: Array) -> Array:
    """The product's derivative: the share's own is the density."""
    x = np.clip(x, -FAR, FAR)
    density = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    slope: Array = normal_below(x) + x * density
    return dy * slope


def finished(x: Array, bias: Array | None, activation: Curve | None) -> Array:
    """What a product hands on: its results x (..., C) with bias (C,) and activation."""
    if bias is not None:
        x = x + bias
    return x if activation is None else table()[activation.op, "numpy"](x, *activation.arguments)


@kernel("softmax", backend="numpy")
def softmax(x: Array) -> Array:
    """A row's largest number is moved to 0: the result stays the same, and nothing overflows."""
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    y: Array = powers / powers.sum(axis=-1, keepdims=True)
    return y


@kernel("softmax_gradient", backend="numpy")
def softmax_gradient(dy: Array, y: Array) -> Array:
    """dy_k/dx_j = y_k ([k = j] - y_j), summed over k: y_j (dy_j - sum_k dy_k y_k)."""
    dx: Array = y * (dy - (dy * y).sum(axis=-1, keepdims=True))
    return dx
