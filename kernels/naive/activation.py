"""Activations, scalar by scalar.

Comparisons with NaN are false: NaN falls through to the last branch, which passes it on.
"""

from __future__ import annotations

from math import erfc, exp, expm1, inf, isnan, nan, pi, sqrt
from math import tanh as tanh_of

import numpy as np

from .. import kernel, table
from ..ops import Array, Curve
from .scalars import doubles, elementwise, rounded


@kernel("relu", backend="naive")
def relu(x: Array, negative_slope: float, max_value: float, threshold: float) -> Array:
    """The declaration's three branches."""
    slope, ceiling, knee = (rounded(s, x) for s in (negative_slope, max_value, threshold))

    def value(x: float) -> float:
        if x >= ceiling:
            return ceiling
        if x < knee:
            return slope * (x - knee) if slope else 0.0
        return x

    return elementwise(value, x)


@kernel("relu_gradient", backend="naive")
def relu_gradient(
    dy: Array, y: Array, negative_slope: float, max_value: float, threshold: float
) -> Array:
    """dy times the slope of the branch."""
    slope, ceiling, knee = (rounded(s, y) for s in (negative_slope, max_value, threshold))

    def slope_at(y: float) -> float:
        if y >= ceiling:
            return 0.0
        if y > knee:
            return 1.0
        return nan if isnan(y) else slope

    return elementwise(lambda dy, y: dy * slope_at(y), dy, y)


def alpha_place(place: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """Where alpha, of this shape, holds the number that broadcasting gives to a place of x."""
    shared = place[len(place) - len(shape) :]
    return tuple(0 if extent == 1 else i for i, extent in zip(shared, shape, strict=True))


@kernel("prelu", backend="naive")
def prelu(x: Array, alpha: Array) -> Array:
    """x, or x times the alpha of its place."""
    y = np.empty(x.shape, x.dtype)
    for place in np.ndindex(x.shape):
        value = float(x[place])
        y[place] = value if value > 0 else value * float(alpha[alpha_place(place, alpha.shape)])
    return y


@kernel("prelu_gradient", backend="naive")
def prelu_gradient(dy: Array, x: Array, alpha: Array) -> tuple[Array, Array]:
    """Each dy reaches its x, and, where x is not positive, the alpha that multiplied it."""
    dx, dalpha = np.empty(x.shape, x.dtype), np.zeros(alpha.shape)
    for place in np.ndindex(x.shape):
        value, upstream, shared = float(x[place]), float(dy[place]), alpha_place(place, alpha.shape)
        if value > 0:
            dx[place] = upstream
        else:
            dx[place] = nan if isnan(value) else upstream * float(alpha[shared])
            dalpha[shared] += upstream * value
    return dx, dalpha.astype(dy.dtype)


@kernel("elu", backend="naive")
def elu(x: Array, alpha: float) -> Array:
    """exp(x) - 1 by expm1: near 0 the subtraction would lose every digit."""
    scale = rounded(alpha, x)
    return elementwise(lambda x: x if x > 0 else scale * expm1(x), x)


@kernel("elu_gradient", backend="naive")
def elu_gradient(dy: Array, y: Array, alpha: float) -> Array:
    """Below 0 the slope alpha * exp(x) is y + alpha."""
    scale = rounded(alpha, y)
    return elementwise(lambda dy, y: dy if y >= 0 else dy * (y + scale), dy, y)


def logistic(x: float) -> float:
    """1 / (1 + exp(-x)), with the exponential of a number that is not positive."""
    return 1 / (1 + exp(-x)) if x >= 0 else exp(x) / (1 + exp(x))


@kernel("sigmoid", backend="naive")
def sigmoid(x: Array) -> Array:
    """The logistic function of each element."""
    return elementwise(logistic, x)


@kernel("sigmoid_gradient", backend="naive")
def sigmoid_gradient(dy: Array, y: Array) -> Array:
    """The slope of the logistic function in terms of its value."""
    return elementwise(lambda dy, y: dy * y * (1 - y), dy, y)


@kernel("tanh", backend="naive")
def tanh(x: Array) -> Array:
    """The hyperbolic tangent of each element."""
    return elementwise(tanh_of, x)


@kernel("tanh_gradient", backend="naive")
def tanh_gradient(dy: Array, y: Array) -> Array:
    """The slope of tanh in terms of its value."""
    return elementwise(lambda dy, y: dy * (1 - y * y), dy, y)


def below(x: float) -> float:
    """The share of the standard normal distribution below x, without cancellation."""
    return erfc(-x / sqrt(2)) / 2


@kernel("gelu", backend="naive")
def gelu(x: Array) -> Array:
    """Far below 0 the share falls faster than x does."""
    return elementwise(lambda x: 0.0 if x == -inf else x * below(x), x)


@kernel("gelu_gradient", backend="naive")
def gelu_gradient(dy: Array, x: Array) -> Array:
    """The product's derivative: the share's own is the density."""

    def slope_at(x: float) -> float:
        rise = 0.0 if abs(x) == inf else x * exp(-x * x / 2) / sqrt(2 * pi)
        return below(x) + rise

    return elementwise(lambda dy, x: dy * slope_at(x), dy, x)


def finished(x: Array, bias: Array | None, activation: Curve | None) -> Array:
    """What a product hands on: its results x (..., C) with bias (C,) and activation."""
    if bias is not None:
        y = np.empty(x.shape, x.dtype)
        for place in np.ndindex(x.shape):
            y[place] = float(x[place]) + float(bias[place[-1]])
        x = y
    return x if activation is None else table()[activation.op, "naive"](x, *activation.arguments)


@kernel("softmax", backend="naive")
def softmax(x: Array) -> Array:
    """Row by row; the largest exponent is 0."""
    (values,) = doubles(x)
    y = np.empty(x.shape, x.dtype)
    for row in np.ndindex(x.shape[:-1]):
        largest = max(values[row])
        powers = [exp(value - largest) for value in values[row]]
        y[row] = [power / sum(powers) for power in powers]
    return y


@kernel("softmax_gradient", backend="naive")
def softmax_gradient(dy: Array, y: Array) -> Array:
    """Each output k hands dy_k to every input j of its row, by dy_k/dx_j = y_k ([k = j] - y_j)."""
    outputs, upstream = doubles(y, dy)
    dx = np.zeros(y.shape)
    classes = range(y.shape[-1])
    for row in np.ndindex(y.shape[:-1]):
        for k in classes:
            for j in classes:
                dx[*row, j] += upstream[*row, k] * outputs[*row, k] * ((k == j) - outputs[*row, j])
    return dx.astype(dy.dtype)
