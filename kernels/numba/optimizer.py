"""Optimizer updates: one pass over the whole arena. Every scalar is rounded to its dtype once.

A rule's last input is the parameters that are moved, and its last scalar whether they are; where
they are not, any array stands in for them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt

from .. import kernel
from ..ops import Array
from .jit import compiled
from .launch import elementwise


def followed(
    rule: Callable[..., None],
    inputs: Sequence[Array],
    scalars: Sequence[float],
    params: Array | None,
    outputs: int,
) -> list[Array]:
    """What a rule makes: the update, or the parameters that it moves, and its slots."""
    moved = inputs[0] if params is None else params
    return elementwise(rule, [*inputs, moved], [*scalars, params is not None], outputs)


@compiled()
def _sgd(g: Array, p: Array, rate: float, moves: float, result: Array) -> None:
    for i in range(g.size):
        update = -rate * g[i]
        result[i] = p[i] + update if moves else update


@kernel("sgd", backend="numba")
def sgd(gradient: Array, learning_rate: float, params: Array | None = None) -> Array:
    """A step down the gradient."""
    (result,) = followed(_sgd, [gradient], [learning_rate], params, 1)
    return result


@compiled()
def _momentum(
    g: Array,
    v: Array,
    p: Array,
    rate: float,
    decay: float,
    moves: float,
    result: Array,
    after: Array,
) -> None:
    for i in range(g.size):
        after[i] = decay * v[i] - rate * g[i]
        result[i] = p[i] + after[i] if moves else after[i]


@compiled()
def _nesterov(
    g: Array,
    v: Array,
    p: Array,
    rate: float,
    decay: float,
    moves: float,
    result: Array,
    after: Array,
) -> None:
    for i in range(g.size):
        after[i] = decay * v[i] - rate * g[i]
        update = decay * after[i] - rate * g[i]
        result[i] = p[i] + update if moves else update


@kernel("momentum", backend="numba")
def momentum(
    gradient: Array,
    velocity: Array,
    learning_rate: float,
    momentum: float,
    nesterov: bool,
    params: Array | None = None,
) -> tuple[Array, Array]:
    """The velocity; Nesterov's update looks one velocity ahead."""
    rule = _nesterov if nesterov else _momentum
    result, after = followed(rule, [gradient, velocity], [learning_rate, momentum], params, 2)
    return result, after


@compiled()
def _rmsprop(
    g: Array,
    s: Array,
    p: Array,
    rate: float,
    keep: float,
    take: float,
    small: float,
    moves: float,
    result: Array,
    after: Array,
) -> None:
    for i in range(g.size):
        after[i] = keep * s[i] + take * (g[i] * g[i])
        update = -rate * g[i] / sqrt(after[i] + small)
        result[i] = p[i] + update if moves else update


@kernel("rmsprop", backend="numba")
def rmsprop(
    gradient: Array,
    mean_square: Array,
    learning_rate: float,
    rho: float,
    epsilon: float,
    params: Array | None = None,
) -> tuple[Array, Array]:
    """The gradient over its running root mean square."""
    scalars = [learning_rate, rho, 1 - rho, epsilon]
    result, after = followed(_rmsprop, [gradient, mean_square], scalars, params, 2)
    return result, after


@compiled()
def _adagrad(
    g: Array,
    a: Array,
    p: Array,
    rate: float,
    small: float,
    moves: float,
    result: Array,
    after: Array,
) -> None:
    for i in range(g.size):
        after[i] = a[i] + g[i] * g[i]
        update = -rate * g[i] / sqrt(after[i] + small)
        result[i] = p[i] + update if moves else update


@kernel("adagrad", backend="numba")
def adagrad(
    gradient: Array,
    accumulator: Array,
    learning_rate: float,
    epsilon: float,
    params: Array | None = None,
) -> tuple[Array, Array]:
    """The gradient over the root of all its squares so far."""
    scalars = [learning_rate, epsilon]
    result, after = followed(_adagrad, [gradient, accumulator], scalars, params, 2)
    return result, after


@compiled()
def _adam(
    g: Array,
    m: Array,
    v: Array,
    p: Array,
    size: float,
    take_1: float,
    take_2: float,
    small: float,
    moves: float,
    result: Array,
    m_after: Array,
    v_after: Array,
) -> None:
    for i in range(g.size):
        m_after[i] = m[i] + (g[i] - m[i]) * take_1
        v_after[i] = v[i] + (g[i] * g[i] - v[i]) * take_2
        update = -(m_after[i] * size) / (sqrt(v_after[i]) + small)
        result[i] = p[i] + update if moves else update


@kernel("adam", backend="numba")
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
    scalars = [step_size, 1 - beta_1, 1 - beta_2, epsilon]
    slots = [first_moment, second_moment]
    result, m, v = followed(_adam, [gradient, *slots], scalars, params, 3)
    return result, m, v
