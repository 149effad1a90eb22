"""Activations. The formulae are in `activation.cu`."""

from __future__ import annotations

from .. import kernel
from ..ops import Array
from .columns import column_sums
from .device import device
from .launch import contiguous, elementwise, empty, over, real, size


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


def alpha_period(alpha: Array, sample: tuple[int, ...]) -> Array:
    """Alpha broadcast along its axes but those before the first that is not shared.

    It then repeats along flat samples: alpha (1, 1, C) has a period of C, not of H W C.
    """
    aligned = (1,) * (len(sample) - alpha.ndim) + alpha.shape
    shared = next((axis for axis, extent in enumerate(aligned) if extent != 1), len(aligned))
    spread = device().xp.broadcast_to(alpha.reshape(aligned[shared:]), sample[shared:])
    return contiguous(spread)


@kernel("prelu", backend="cupy")
def prelu(x: Array, alpha: Array) -> Array:
    """X, or x times the alpha of its place."""
    period, y = alpha_period(alpha, x.shape[1:]), empty(x.shape, x.dtype)
    arguments = [contiguous(x), period, size(period.size), y, size(x.size)]
    over("activation", "prelu", x.size, arguments, real(x.dtype))
    return y


@kernel("prelu_gradient", backend="cupy")
def prelu_gradient(dy: Array, x: Array, alpha: Array) -> tuple[Array, Array]:
    """Alpha's gradient is summed over samples and leading axes, then over alpha's other ones."""
    period, dx = alpha_period(alpha, x.shape[1:]), empty(x.shape, x.dtype)
    dalpha = empty(period.shape, x.dtype)
    arguments, shape = (
        [contiguous(dy), contiguous(x), period, dx],
        (x.size // period.size, period.size),
    )
    parts = column_sums("activation", "prelu_gradient", arguments, shape, sums=1)
    parts.finish("activation", "prelu_sums", [dalpha])
    own = alpha.shape[alpha.ndim - period.ndim :]
    shared = tuple(axis for axis, extent in enumerate(own) if extent == 1)
    return dx, (dalpha.sum(axis=shared) if shared else dalpha).reshape(alpha.shape)
