"""Batch normalisation of x (A, C, B) over A and B.

    z = (x - mean) / d    d = sqrt(variance + epsilon)    y = gamma z + beta

The gradient. A channel has M = A B elements x_i; sums run over them. The mean moves with x_j by
1/M, and d by (x_j - mean) / (M d) = z_j / M, so that z_i moves by

    dz_i/dx_j = ([i = j] - 1/M) / d - (x_i - mean) / d^2 z_j / M
              = ([i = j] - 1/M - z_i z_j / M) / d

and, with dbeta = sum dy and dgamma = sum dy z,

    dx_j = sum_i gamma dy_i dz_i/dx_j = gamma / d (dy_j - dbeta / M - z_j dgamma / M)

The bracket takes from dy its mean and its component along z: moving x along 1 or along z changes
nothing, since normalising undoes it. Where mean and variance are constants only dy_j is left.

Source: Ioffe and Szegedy, "Batch normalization", ICML 2015, section 3.
"""

from __future__ import annotations

import numpy as np

from .. import kernel
from ..ops import Array
from .reduce import total


def standardise(x: Array, mean: Array, variance: Array, epsilon: float) -> tuple[Array, Array]:
    """(z, d): z of x's shape, d (C,)."""
    deviation = np.sqrt(variance + epsilon)  # (C,)
    return (x - mean[:, None]) / deviation[:, None], deviation  # (C, 1) broadcasts to (A, C, B)


@kernel("moments", backend="numpy")
def moments(x: Array) -> tuple[Array, Array]:
    """Two sums over A and B."""
    count = x.shape[0] * x.shape[2]
    mean = total(x, axis=(0, 2)) / count  # (C,)
    variance = total(np.square(x - mean[:, None]), axis=(0, 2)) / count  # (C,)
    return mean, variance


@kernel("batch_norm", backend="numpy")
def batch_norm(
    x: Array, mean: Array, variance: Array, gamma: Array, beta: Array, epsilon: float
) -> Array:
    """An affine map of each channel's standardised values."""
    z, _ = standardise(x, mean, variance, epsilon)
    return z * gamma[:, None] + beta[:, None]


@kernel("batch_norm_gradient", backend="numpy")
def batch_norm_gradient(
    dy: Array, x: Array, mean: Array, variance: Array, gamma: Array, epsilon: float
) -> tuple[Array, Array, Array]:
    """The last formula of the derivation."""
    count = x.shape[0] * x.shape[2]
    z, deviation = standardise(x, mean, variance, epsilon)
    dgamma, dbeta = total(dy * z, axis=(0, 2)), total(dy, axis=(0, 2))  # (C,)
    own = dy - (dbeta / count)[:, None] - z * (dgamma / count)[:, None]
    return own * (gamma / deviation)[:, None], dgamma, dbeta


@kernel("batch_norm_inference_gradient", backend="numpy")
def batch_norm_inference_gradient(
    dy: Array, x: Array, mean: Array, variance: Array, gamma: Array, epsilon: float
) -> tuple[Array, Array, Array]:
    """dy, scaled as z was."""
    z, deviation = standardise(x, mean, variance, epsilon)
    dgamma, dbeta = total(dy * z, axis=(0, 2)), total(dy, axis=(0, 2))  # (C,)
    return dy * (gamma / deviation)[:, None], dgamma, dbeta
