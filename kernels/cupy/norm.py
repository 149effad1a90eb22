"""Batch normalisation of x (A, C, B).

The channel axis is moved to the end, which costs nothing where B = 1 (the usual case: channels
last) and one copy each way elsewhere.
"""

from __future__ import annotations

import numpy as np

from .. import kernel
from ..ops import Array
from .columns import column_sums
from .launch import contiguous, empty, over, real, size


def channels_last(x: Array) -> Array:
    """(A, C, B) -> contiguous (A, B, C); its own inverse."""
    return contiguous(x.transpose(0, 2, 1))


@kernel("moments", backend="cupy")
def moments(x: Array) -> tuple[Array, Array]:
    """One pass, around a number of each channel."""
    x = channels_last(x)  # (A, B, C)
    shape = (x.shape[0] * x.shape[1], x.shape[2])
    mean, variance = empty(shape[1:], x.dtype), empty(shape[1:], x.dtype)
    parts = column_sums("norm", "moment_sums", [x], shape, sums=2)
    parts.finish("norm", "moments", [x, np.float64(shape[0]), mean, variance])
    return mean, variance  # (C,), (C,)


@kernel("batch_norm", backend="cupy")
def batch_norm(
    x: Array, mean: Array, variance: Array, gamma: Array, beta: Array, epsilon: float
) -> Array:
    """The formula, with the numbers of each element's channel."""
    x = channels_last(x)  # (A, B, C)
    y = empty(x.shape, x.dtype)
    parameters = map(contiguous, (mean, variance, gamma, beta))
    small = x.dtype.type(epsilon)
    arguments = [x, *parameters, small, size(x.shape[2]), y, size(x.size)]
    over("norm", "batch_norm", x.size, arguments, real(x.dtype))
    return channels_last(y)  # (A, C, B)


def parameter_gradients(
    dy: Array, x: Array, mean: Array, variance: Array, epsilon: float
) -> tuple[Array, Array]:
    """(dgamma, dbeta), each (C,), of channels-last arrays."""
    channels = x.shape[2]
    dgamma, dbeta = empty((channels,), x.dtype), empty((channels,), x.dtype)
    shape = (x.size // channels, channels)
    parts = column_sums("norm", "gradient_sums", [dy, x, mean], shape, sums=2)
    small = x.dtype.type(epsilon)
    parts.finish("norm", "parameter_gradients", [variance, small, dgamma, dbeta])
    return dgamma, dbeta


@kernel("batch_norm_gradient", backend="cupy")
def batch_norm_gradient(
    dy: Array, x: Array, mean: Array, variance: Array, gamma: Array, epsilon: float
) -> tuple[Array, Array, Array]:
    """Two passes: the sums, then dx from them."""
    dy, x = channels_last(dy), channels_last(x)  # (A, B, C)
    mean, variance, gamma = map(contiguous, (mean, variance, gamma))
    dgamma, dbeta = parameter_gradients(dy, x, mean, variance, epsilon)
    dx, number = empty(x.shape, x.dtype), x.dtype.type
    inputs = [dy, x, mean, variance, gamma, number(epsilon), dgamma, dbeta]
    count, channels = number(x.shape[0] * x.shape[1]), size(x.shape[2])
    arguments = [*inputs, count, channels, dx, size(x.size)]
    over("norm", "batch_norm_gradient", x.size, arguments, real(x.dtype))
    return channels_last(dx), dgamma, dbeta


@kernel("batch_norm_inference_gradient", backend="cupy")
def batch_norm_inference_gradient(
    dy: Array, x: Array, mean: Array, variance: Array, gamma: Array, epsilon: float
) -> tuple[Array, Array, Array]:
    """Dy, scaled as z was."""
    dy, x = channels_last(dy), channels_last(x)  # (A, B, C)
    mean, variance, gamma = map(contiguous, (mean, variance, gamma))
    dgamma, dbeta = parameter_gradients(dy, x, mean, variance, epsilon)
    dx, small = empty(x.shape, x.dtype), x.dtype.type(epsilon)
    arguments = [dy, variance, gamma, small, size(x.shape[2]), dx, size(x.size)]
    over("norm", "inference_gradient", x.size, arguments, real(x.dtype))
    return channels_last(dx), dgamma, dbeta
