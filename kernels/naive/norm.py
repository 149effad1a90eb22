"""Batch normalisation, element by element; x is (A, C, B)."""

from __future__ import annotations

from math import sqrt

import numpy as np

from .. import kernel
from ..ops import Array
from .scalars import doubles, rounded


@kernel("moments", backend="naive")
def moments(x: Array) -> tuple[Array, Array]:
    """The mean first; the variance is the mean of squared deviations from it."""
    (values,) = doubles(x)
    n_images, channels, places = x.shape
    mean, variance = np.zeros(channels), np.zeros(channels)
    for a, c, b in np.ndindex(x.shape):
        mean[c] += values[a, c, b] / (n_images * places)
    for a, c, b in np.ndindex(x.shape):
        variance[c] += (values[a, c, b] - mean[c]) ** 2 / (n_images * places)
    return mean.astype(x.dtype), variance.astype(x.dtype)


@kernel("batch_norm", backend="naive")
def batch_norm(
    x: Array, mean: Array, variance: Array, gamma: Array, beta: Array, epsilon: float
) -> Array:
    """The formula, with the numbers of each element's channel."""
    values, means, variances, gammas, betas = doubles(x, mean, variance, gamma, beta)
    epsilon = rounded(epsilon, x)
    y = np.empty(x.shape, x.dtype)
    for a, c, b in np.ndindex(x.shape):
        normalised = (values[a, c, b] - means[c]) / sqrt(variances[c] + epsilon)
        y[a, c, b] = normalised * gammas[c] + betas[c]
    return y


@kernel("batch_norm_gradient", backend="naive")
def batch_norm_gradient(
    dy: Array, x: Array, mean: Array, variance: Array, gamma: Array, epsilon: float
) -> tuple[Array, Array, Array]:
    """The chain rule through its three paths: directly, by the variance, and by the mean.

    With z = (x - mean) / d and d = sqrt(variance + epsilon), each dy reaches x by dz/dx = 1 / d,
    the variance by dz/dvariance = -(x - mean) / (2 d^3), and the mean by dz/dmean = -1 / d; those
    two reach every x again by dvariance/dx = 2 (x - mean) / count and dmean/dx = 1 / count.
    (The variance does not feel the mean: its deviations sum to zero.)
    """
    _, dgamma, dbeta = batch_norm_inference_gradient(dy, x, mean, variance, gamma, epsilon)
    outputs, values, means, variances, gammas = doubles(dy, x, mean, variance, gamma)
    deviation = [sqrt(v + rounded(epsilon, x)) for v in variances]
    count = x.shape[0] * x.shape[2]
    dx, dmean, dvariance = np.zeros(x.shape), np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for a, c, b in np.ndindex(x.shape):
        dz = outputs[a, c, b] * gammas[c]
        dx[a, c, b] += dz / deviation[c]
        dmean[c] -= dz / deviation[c]
        dvariance[c] -= dz * (values[a, c, b] - means[c]) / (2 * deviation[c] ** 3)
    for a, c, b in np.ndindex(x.shape):
        dx[a, c, b] += dvariance[c] * 2 * (values[a, c, b] - means[c]) / count
        dx[a, c, b] += dmean[c] / count
    return dx.astype(dy.dtype), dgamma, dbeta


@kernel("batch_norm_inference_gradient", backend="naive")
def batch_norm_inference_gradient(
    dy: Array, x: Array, mean: Array, variance: Array, gamma: Array, epsilon: float
) -> tuple[Array, Array, Array]:
    """Each dy reaches its own x, and the gamma and beta of its channel."""
    outputs, values, means, variances, gammas = doubles(dy, x, mean, variance, gamma)
    deviation = [sqrt(v + rounded(epsilon, x)) for v in variances]
    dx, dgamma, dbeta = np.zeros(x.shape), np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for a, c, b in np.ndindex(x.shape):
        dx[a, c, b] = outputs[a, c, b] * gammas[c] / deviation[c]
        dgamma[c] += outputs[a, c, b] * (values[a, c, b] - means[c]) / deviation[c]
        dbeta[c] += outputs[a, c, b]
    return dx.astype(dy.dtype), dgamma.astype(dy.dtype), dbeta.astype(dy.dtype)
