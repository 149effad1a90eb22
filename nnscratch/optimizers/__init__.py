"""Optimizers: from gradients to updates. Names, defaults and arithmetic are Keras 3's.

An optimizer is an immutable description. It works on flat arrays that hold all parameters of a
model side by side, and changes none of them: what it remembers (velocities, moments ...) lies in
slots, which go in and come out, and what it returns is to be added to the parameters. A layout
says where each parameter lies: slices by path, such as {"dense/kernel": slice(0, 80)}.

One step applies, in Keras's order:

    gradients = optimizer.clip(ctx, gradients, slices)
    params = params + optimizer.decay(ctx, params, slices, iteration)  # unless that is None
    updates, slots = optimizer.update(ctx, params, gradients, slots, iteration)
    params = params + updates
"""

from __future__ import annotations

from typing import Any

from nnscratch.core.errors import look_up
from nnscratch.optimizers.adaptive import Adagrad, Adam, AdamW, RMSprop
from nnscratch.optimizers.base import Optimizer
from nnscratch.optimizers.rarer import Adadelta, Adamax
from nnscratch.optimizers.sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Optimizer",
    "RMSprop",
    "get",
]

NAMES: dict[str, type[Any]] = {
    "sgd": SGD,
    "rmsprop": RMSprop,
    "adadelta": Adadelta,
    "adagrad": Adagrad,
    "adam": Adam,
    "adamax": Adamax,
    "adamw": AdamW,
}


def get(identifier: Optimizer | str) -> Optimizer:
    """The optimizer that is meant: itself, or the one of that name with its defaults.

    Raises:
        UnknownNameError: there is none of that name.
        TypeError: the identifier is neither a name nor an instance.
    """
    if isinstance(identifier, str):
        optimizer: Optimizer = look_up("optimizer", identifier.lower(), NAMES)()
        return optimizer
    if not isinstance(identifier, Optimizer):
        raise TypeError(
            f"optimizer: expected a name or an instance such as SGD(0.1), got {identifier!r}"
        )
    return identifier
