"""Optimizer updates of flat arrays."""

from __future__ import annotations

import numpy as np

from .. import kernel
from ..ops import Array


def onto(params: Array | None, update: Array) -> Array:
    """The update, added to the parameters if there are any."""
    return update if params is None else params + update


@kernel("sgd", backend="numpy")
def sgd(gradient: Array, learning_rate: float, params: Array | None = None) -> Array:
    """A step down the gradient."""
    return onto(params, -learning_rate * gradient)


@kernel("momentum", backend="numpy")
def momentum(
    gradient: Array,
    velocity: Array,
    learning_rate: float,
    momentum: float,
    nesterov: bool,
    params: Array | None = None,
) -> tuple[Array, Array]:
    """The velocity; Nesterov's update looks one velocity ahead."""
    step = learning_rate * gradient
    velocity = momentum * velocity - step
    update = momentum * velocity - step if nesterov else velocity.copy()
    return onto(params, update), velocity


@kernel("rmsprop", backend="numpy")
def rmsprop(
    gradient: Array,
    mean_square: Array,
    learning_rate: float,
    rho: float,
    epsilon: float,
    params: Array | None = None,
) -> tuple[Array, Array]:
    """The gradient over its running root mean square."""
    mean_square = rho * mean_square + (1 - rho) * np.square(gradient)
    update = -learning_rate * gradient / np.sqrt(mean_square + epsilon)
    return onto(params, update), mean_square


@kernel("adagrad", backend="numpy")
def adagrad(
    gradient: Array,
    accumulator: Array,
    learning_rate: float,
    epsilon: float,
    params: Array | None = None,
) -> tuple[Array, Array]:
    """The gradient over the root of all its squares so far."""
    accumulator = accumulator + np.square(gradient)
    update = -learning_rate * gradient / np.sqrt(accumulator + epsilon)
    return onto(params, update), accumulator


@kernel("adam", backend="numpy")
def adam(
    gradient: Array,
    first_moment: Array,
    second_moment: Array,
    step_size: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    params: Array | None = None,
) -> tuple[Array, Array, Array]:
    """The running mean of gradients over the root of that of their squares."""
    m = first_moment + (gradient - first_moment) * (1 - beta_1)
    v = second_moment + (np.square(gradient) - second_moment) * (1 - beta_2)
    return onto(params, -(m * step_size) / (np.sqrt(v) + epsilon)), m, v
