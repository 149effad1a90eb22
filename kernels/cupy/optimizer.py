"""Optimizer updates: one pass over the whole arena. The formulae are in `optimizer.cu`.

Parameters are added in a pass of their own: in one with the update, a GPU would round only once.
"""

from __future__ import annotations

from .. import kernel
from ..ops import Array
from .launch import elementwise
from .sums import add


def onto(params: Array | None, update: Array) -> Array:
    """The update, added to the parameters if there are any."""
    return update if params is None else add(params, update)


@kernel("sgd", backend="cupy")
def sgd(gradient: Array, learning_rate: float, params: Array | None = None) -> Array:
    """A step down the gradient."""
    (update,) = elementwise("optimizer", "sgd", [gradient], [learning_rate])
    return onto(params, update)


@kernel("momentum", backend="cupy")
def momentum(
    gradient: Array,
    velocity: Array,
    learning_rate: float,
    momentum: float,
    nesterov: bool,
    params: Array | None = None,
) -> tuple[Array, Array]:
    """The velocity; Nesterov's update looks one velocity ahead."""
    rule = "nesterov" if nesterov else "momentum"
    update, after = elementwise(
        "optimizer", rule, [gradient, velocity], [learning_rate, momentum], outputs=2
    )
    return onto(params, update), after


@kernel("rmsprop", backend="cupy")
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
    update, after = elementwise("optimizer", "rmsprop", [gradient, mean_square], scalars, outputs=2)
    return onto(params, update), after


@kernel("adagrad", backend="cupy")
def adagrad(
    gradient: Array,
    accumulator: Array,
    learning_rate: float,
    epsilon: float,
    params: Array | None = None,
) -> tuple[Array, Array]:
    """The gradient over the root of all its squares so far."""
    scalars = [learning_rate, epsilon]
    update, after = elementwise("optimizer", "adagrad", [gradient, accumulator], scalars, outputs=2)
    return onto(params, update), after


@kernel("adam", backend="cupy")
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
    inputs = [gradient, first_moment, second_moment]
    update, m, v = elementwise("optimizer", "adam", inputs, scalars, outputs=3)
    return onto(params, update), m, v
