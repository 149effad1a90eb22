"""Activations. Comparisons with NaN are false, so that NaN reaches the branch that passes it on.

Branches choose between values that are all computed: LLVM turns them into selections, and the
loops into vector code.
"""

from __future__ import annotations

from math import erfc, pi, sqrt
from typing import Any

import numpy as np

from .. import kernel
from ..ops import Array
from . import vectormath
from .jit import compiled
from .launch import elementwise, periodic


@compiled()
def _relu(x: Array, slope: float, ceiling: float, knee: float, y: Array) -> None:
    for i in range(y.size):
        y[i] = vectormath.relu(x[i], slope, ceiling, knee)


@kernel("relu", backend="numba")
def relu(x: Array, negative_slope: float, max_value: float, threshold: float) -> Array:
    """The declaration's three branches."""
    (y,) = elementwise(_relu, [x], [negative_slope, max_value, threshold])
    return y


@compiled()
def _relu_gradient(
    dy: Array, y: Array, slope: float, ceiling: float, knee: float, dx: Array
) -> None:
    zero, one = type(slope)(0), type(slope)(1)
    for i in range(dx.size):
        below = slope if y[i] <= knee else y[i]  # NaN is not below
        dx[i] = dy[i] * (zero if y[i] >= ceiling else one if y[i] > knee else below)


@kernel("relu_gradient", backend="numba")
def relu_gradient(
    dy: Array, y: Array, negative_slope: float, max_value: float, threshold: float
) -> Array:
    """Dy times the slope of the branch."""
    (dx,) = elementwise(_relu_gradient, [dy, y], [negative_slope, max_value, threshold])
    return dx


def alpha_period(alpha: Array, sample: tuple[int, ...]) -> Array:
    """Alpha broadcast along its axes but those before the first that is not shared.

    It then repeats along flat samples: alpha (1, 1, C) has a period of C, not of H W C.
    """
    aligned = (1,) * (len(sample) - alpha.ndim) + alpha.shape
    shared = next((axis for axis, size in enumerate(aligned) if size != 1), len(aligned))
    return np.broadcast_to(alpha.reshape(aligned[shared:]), sample[shared:])


@compiled()
def _prelu(x: Array, alpha: Array, y: Array) -> None:
    for start in range(0, y.size, alpha.size):
        period = slice(start, start + alpha.size)
        x_row, y_row = x[period], y[period]
        for j in range(y_row.size):
            y_row[j] = x_row[j] if x_row[j] > 0 else alpha[j] * x_row[j]


@kernel("prelu", backend="numba")
def prelu(x: Array, alpha: Array) -> Array:
    """X, or x times the alpha of its place."""
    period = alpha_period(alpha, x.shape[1:])
    (y,), _ = periodic(_prelu, [x], period.size, [period.reshape(-1)], outputs=1)
    return y


@compiled()
def _prelu_gradient(dy: Array, x: Array, alpha: Array, dx: Array, dalpha: Array) -> None:
    zero = type(alpha[0])(0)
    for start in range(0, dx.size, alpha.size):
        period = slice(start, start + alpha.size)
        dy_row, x_row, dx_row = dy[period], x[period], dx[period]
        for j in range(dx_row.size):
            below = dy_row[j] * alpha[j] if x_row[j] <= zero else x_row[j]  # NaN is not below
            dx_row[j] = dy_row[j] if x_row[j] > zero else below
            dalpha[j] += zero if x_row[j] > zero else dy_row[j] * x_row[j]


@kernel("prelu_gradient", backend="numba")
def prelu_gradient(dy: Array, x: Array, alpha: Array) -> tuple[Array, Array]:
    """Alpha's gradient is summed over samples and leading axes, then over alpha's other ones."""
    period = alpha_period(alpha, x.shape[1:])
    (dx,), (total,) = periodic(
        _prelu_gradient, [dy, x], period.size, [period.reshape(-1)], outputs=1, sums=1
    )
    own = alpha.shape[alpha.ndim - period.ndim :]
    broadcast = tuple(axis for axis, size in enumerate(own) if size == 1)
    dalpha = total.reshape(period.shape).sum(axis=broadcast)
    return dx, dalpha.reshape(alpha.shape).astype(x.dtype)


@compiled()
def _elu(x: Array, alpha: float, y: Array) -> None:
    for i in range(y.size):
        y[i] = vectormath.elu(x[i], alpha)


@kernel("elu", backend="numba")
def elu(x: Array, alpha: float) -> Array:
    """Of each element."""
    (y,) = elementwise(_elu, [x], [alpha])
    return y


@compiled()
def _elu_gradient(dy: Array, y: Array, alpha: float, dx: Array) -> None:
    for i in range(dx.size):
        dx[i] = dy[i] if y[i] >= 0 else dy[i] * (y[i] + alpha)


@kernel("elu_gradient", backend="numba")
def elu_gradient(dy: Array, y: Array, alpha: float) -> Array:
    """Below 0 the slope alpha * exp(x) is y + alpha."""
    (dx,) = elementwise(_elu_gradient, [dy, y], [alpha])
    return dx


@compiled()
def _sigmoid(x: Array, y: Array) -> None:
    for i in range(y.size):
        y[i] = vectormath.sigmoid(x[i])


@kernel("sigmoid", backend="numba")
def sigmoid(x: Array) -> Array:
    """The logistic function of each element."""
    (y,) = elementwise(_sigmoid, [x])
    return y


@compiled()
def _sigmoid_gradient(dy: Array, y: Array, dx: Array) -> None:
    one = type(y[0])(1)
    for i in range(dx.size):
        dx[i] = dy[i] * y[i] * (one - y[i])


@kernel("sigmoid_gradient", backend="numba")
def sigmoid_gradient(dy: Array, y: Array) -> Array:
    """The slope of the logistic function in terms of its value."""
    (dx,) = elementwise(_sigmoid_gradient, [dy, y])
    return dx


@compiled()
def _tanh(x: Array, y: Array) -> None:
    for i in range(y.size):
        y[i] = vectormath.tanh(x[i])


@kernel("tanh", backend="numba")
def tanh(x: Array) -> Array:
    """The hyperbolic tangent of each element."""
    (y,) = elementwise(_tanh, [x])
    return y


@compiled()
def _tanh_gradient(dy: Array, y: Array, dx: Array) -> None:
    one = type(y[0])(1)
    for i in range(dx.size):
        dx[i] = dy[i] * (one - y[i] * y[i])


@kernel("tanh_gradient", backend="numba")
def tanh_gradient(dy: Array, y: Array) -> Array:
    """The slope of tanh in terms of its value."""
    (dx,) = elementwise(_tanh_gradient, [dy, y])
    return dx


FAR = 40.0
"""The normal distribution beyond: not even float64 tells it from 0."""


@compiled(inline=True)
def _near(x: Any) -> Any:
    """X, or where it is farther than FAR from 0 as far: 0 * -inf would be NaN."""
    far = type(x)(FAR)
    return far if x > far else -far if x < -far else x


@compiled(inline=True)
def _below(x: Any) -> Any:
    """The share of the standard normal distribution below x, without cancellation."""
    return type(x)(0.5) * erfc(x * type(x)(-sqrt(0.5)))


@compiled()
def _gelu(x: Array, y: Array) -> None:
    for i in range(y.size):
        near = _near(x[i])
        y[i] = (x[i] if x[i] > near else near) * _below(near)


@kernel("gelu", backend="numba")
def gelu(x: Array) -> Array:
    """X times the share below it; the C library's erfc, number by number."""
    (y,) = elementwise(_gelu, [x])
    return y


@compiled()
def _gelu_gradient(dy: Array, x: Array, dx: Array) -> None:
    half, scale = type(x[0])(-0.5), type(x[0])(1 / sqrt(2 * pi))
    for i in range(dx.size):
        near = _near(x[i])
        density = scale * vectormath.exp(half * near * near)
        dx[i] = dy[i] * (_below(near) + near * density)


@kernel("gelu_gradient", backend="numba")
def gelu_gradient(dy: Array, x: Array) -> Array:
    """The product's derivative: the share's own is the density."""
    (dx,) = elementwise(_gelu_gradient, [dy, x])
    return dx
