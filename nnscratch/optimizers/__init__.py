"""Optimizers: from gradients to updates. Names, defaults and arithmetic are Keras 3's.

An optimizer is an immutable description. It works on flat arrays that hold all parameters of a
model side by side, and changes none of them: what it remembers (velocities, moments ...) lies in
slots, which go in and come out, and what it returns is to be added to the parameters. A layout
says where each parameter lies: slices by path, such as {"dense/kernel": slice(0, 80)}.

One step applies, in Keras's order:

    gradients = optimizer.clip(ctx, gradients, slices)
    params = params + optimizer.decay(ctx, params, slices, iteration)  # unless that is None
    updates, slots = optimizer.advance(ctx, params, gradients, slots, iteration)
    params = params + updates

The last two are `optimizer.descend`, to the same bits: in one pass, where a rule has one.
"""

from __future__ import annotations

from typing import Any

from nnscratch.core.errors import look_up
from nnscratch.optimizers.adaptive import *
from nnscratch.optimizers.base import Optimizer as Optimizer
from nnscratch.optimizers.rarer import *
from nnscratch.optimizers.sgd import *

OPTIMIZERS: list[type[Any]] = [
    kind
    for kind in list(vars().values())
    if isinstance(kind, type) and issubclass(kind, Optimizer) and kind is not Optimizer
]
NAMES: dict[str, type[Any]] = {kind.__name__.lower(): kind for kind in OPTIMIZERS}


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
