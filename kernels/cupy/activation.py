"""Activations. The formulae are in `activation.cu`."""

from __future__ import annotations

from .. import kernel
from ..ops import Array
from .launch import elementwise


@kernel("relu", backend="cupy")
def relu(x: Array, negative_slope: float, max_value: float, threshold: float) -> Array:
    """The declaration's three branches."""
    (y,) = elementwise("activation", "relu", [x], [negative_slope, max_value, threshold])
    return y


@kernel("relu_gradient", backend="cupy")
def relu_gradient(
    dy: Array, y: Array, negative_slope: float, max_value: float, threshold: float
) -> Array:
    """Dy times the slope of the branch."""
    scalars = [negative_slope, max_value, threshold]
    (dx,) = elementwise("activation", "relu_gradient", [dy, y], scalars)
    return dx


@kernel("elu", backend="cupy")
def elu(x: Array, alpha: float) -> Array:
    """Of each element."""
    (y,) = elementwise("activation", "elu", [x], [alpha])
    return y


@kernel("elu_gradient", backend="cupy")
def elu_gradient(dy: Array, y: Array, alpha: float) -> Array:
    """Below 0 the slope alpha * exp(x) is y + alpha."""
    (dx,) = elementwise("activation", "elu_gradient", [dy, y], [alpha])
    return dx


@kernel("sigmoid", backend="cupy")
def sigmoid(x: Array) -> Array:
    """The logistic function of each element."""
    (y,) = elementwise("activation", "sigmoid", [x])
    return y


@kernel("sigmoid_gradient", backend="cupy")
def sigmoid_gradient(dy: Array, y: Array) -> Array:
    """The slope of the logistic function in terms of its value."""
    (dx,) = elementwise("activation", "sigmoid_gradient", [dy, y])
    return dx


@kernel("tanh", backend="cupy")
def tanh(x: Array) -> Array:
    """The hyperbolic tangent of each element."""
    (y,) = elementwise("activation", "tanh_of", [x])
    return y


@kernel("tanh_gradient", backend="cupy")
def tanh_gradient(dy: Array, y: Array) -> Array:
    """The slope of tanh in terms of its value."""
    (dx,) = elementwise("activation", "tanh_gradient", [dy, y])
    return dx


@kernel("gelu", backend="cupy")
def gelu(x: Array) -> Array:
    """X times the share below it."""
    (y,) = elementwise("activation", "gelu", [x])
    return y


@kernel("gelu_gradient", backend="cupy")
def gelu_gradient(dy: Array, x: Array) -> Array:
    """The product's derivative: the share's own is the density."""
    (dx,) = elementwise("activation", "gelu_gradient", [dy, x])
    return dx
