"""Optimizer updates: one pass over the whole arena. Every scalar is rounded to its dtype once."""

from __future__ import annotations

from math import sqrt

from .. import kernel
from ..ops import Array
from .jit import compiled
from .launch import elementwise


@compiled()
def _sgd(g: Array, rate: float, update: Array) -> None:
    for i in range(g.size):
        update[i] = -rate * g[i]


@kernel("sgd", backend="numba")
def sgd(gradient: Array, learning_rate: float) -> Array:
    """A step down the gradient."""
    (update,) = elementwise(_sgd, [gradient], [learning_rate])
    return update


@compiled()
def _momentum(g: Array, v: Array, rate: float, decay: float, update: Array, after: Array) -> None:
    for i in range(g.size):
        after[i] = decay * v[i] - rate * g[i]
        update[i] = after[i]


@compiled()
def _nesterov(g: Array, v: Array, rate: float, decay: float, update: Array, after: Array) -> None:
    for i in range(g.size):
        after[i] = decay * v[i] - rate * g[i]
        update[i] = decay * after[i] - rate * g[i]


@kernel("momentum", backend="numba")
def momentum(
    gradient: Array,
    velocity: Array,
    learning_rate: float,
    momentum: float,
    nesterov: bool,
) -> tuple[Array, Array]:
    """The velocity; Nesterov's update looks one velocity ahead."""
    function = _nesterov if nesterov else _momentum
    update, after = elementwise(
        function, [gradient, velocity], [learning_rate, momentum], outputs=2
    )
    return update, after


@compiled()
def _rmsprop(
    g: Array,
    s: Array,
    rate: float,
    keep: float,
    take: float,
    small: float,
    update: Array,
    after: Array,
) -> None:
    for i in range(g.size):
        after[i] = keep * s[i] + take * (g[i] * g[i])
        update[i] = -rate * g[i] / sqrt(after[i] + small)


@kernel("rmsprop", backend="numba")
def rmsprop(
    gradient: Array,
    mean_square: Array,
    learning_rate: float,
    rho: float,
    epsilon: float,
) -> tuple[Array, Array]:
    """The gradient over its running root mean square."""
    scalars = [learning_rate, rho, 1 - rho, epsilon]
    update, after = elementwise(_rmsprop, [gradient, mean_square], scalars, outputs=2)
    return update, after


@compiled()
def _adagrad(g: Array, a: Array, rate: float, small: float, update: Array, after: Array) -> None:
    for i in range(g.size):
        after[i] = a[i] + g[i] * g[i]
        update[i] = -rate * g[i] / sqrt(after[i] + small)


@kernel("adagrad", backend="numba")
def adagrad(
    gradient: Array, accumulator: Array, learning_rate: float, epsilon: float
) -> tuple[Array, Array]:
    """The gradient over the root of all its squares so far."""
    scalars = [learning_rate, epsilon]
    update, after = elementwise(_adagrad, [gradient, accumulator], scalars, outputs=2)
    return update, after


@compiled()
def _adam(
    g: Array,
    m: Array,
    v: Array,
    size: float,
    take_1: float,
    take_2: float,
    small: float,
    update: Array,
    m_after: Array,
    v_after: Array,
) -> None:
    for i in range(g.size):
        m_after[i] = m[i] + (g[i] - m[i]) * take_1
        v_after[i] = v[i] + (g[i] * g[i] - v[i]) * take_2
        update[i] = -(m_after[i] * size) / (sqrt(v_after[i]) + small)


@kernel("adam", backend="numba")
def adam(
    gradient: Array,
    first_moment: Array,
    second_moment: Array,
    step_size: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> tuple[Array, Array, Array]:
    """The running mean of gradients over the root of that of their squares."""
    scalars = [step_size, 1 - beta_1, 1 - beta_2, epsilon]
    inputs = [gradient, first_moment, second_moment]
    update, m, v = elementwise(_adam, inputs, scalars, outputs=3)
    return update, m, v
