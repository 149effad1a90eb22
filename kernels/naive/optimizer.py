"""Optimizer updates, weight by weight."""

from __future__ import annotations

from math import sqrt

from .. import kernel
from ..ops import Array
from .scalars import elementwise, rounded


def onto(params: Array | None, update: Array) -> Array:
    """The update, added to the parameters if there are any."""
    return update if params is None else params + update


@kernel("sgd", backend="naive")
def sgd(gradient: Array, learning_rate: float, params: Array | None = None) -> Array:
    """A step down the gradient."""
    rate = rounded(learning_rate, gradient)
    return onto(params, elementwise(lambda g: -rate * g, gradient))


@kernel("momentum", backend="naive")
def momentum(
    gradient: Array,
    velocity: Array,
    learning_rate: float,
    momentum: float,
    nesterov: bool,
    params: Array | None = None,
) -> tuple[Array, Array]:
    """The velocity; Nesterov's update looks one velocity ahead."""
    rate, decay = rounded(learning_rate, gradient), rounded(momentum, gradient)
    after = elementwise(lambda g, v: decay * v - rate * g, gradient, velocity)
    update = elementwise(lambda g, v: decay * v - rate * g if nesterov else v, gradient, after)
    return onto(params, update), after


@kernel("rmsprop", backend="naive")
def rmsprop(
    gradient: Array,
    mean_square: Array,
    learning_rate: float,
    rho: float,
    epsilon: float,
    params: Array | None = None,
) -> tuple[Array, Array]:
    """The gradient over its running root mean square."""
    rate, keep, take, small = (rounded(s, gradient) for s in (learning_rate, rho, 1 - rho, epsilon))
    after = elementwise(lambda g, s: keep * s + take * g**2, gradient, mean_square)
    update = elementwise(lambda g, s: -rate * g / sqrt(s + small), gradient, after)
    return onto(params, update), after


@kernel("adagrad", backend="naive")
def adagrad(
    gradient: Array,
    accumulator: Array,
    learning_rate: float,
    epsilon: float,
    params: Array | None = None,
) -> tuple[Array, Array]:
    """The gradient over the root of all its squares so far."""
    rate, small = rounded(learning_rate, gradient), rounded(epsilon, gradient)
    after = elementwise(lambda g, a: a + g**2, gradient, accumulator)
    update = elementwise(lambda g, a: -rate * g / sqrt(a + small), gradient, after)
    return onto(params, update), after


@kernel("adam", backend="naive")
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
    size, take_1, take_2, small = (
        rounded(s, gradient) for s in (step_size, 1 - beta_1, 1 - beta_2, epsilon)
    )
    m = elementwise(lambda g, m: m + (g - m) * take_1, gradient, first_moment)
    v = elementwise(lambda g, v: v + (g**2 - v) * take_2, gradient, second_moment)
    update = elementwise(lambda m, v: -(m * size) / (sqrt(v) + small), m, v)
    return onto(params, update), m, v
