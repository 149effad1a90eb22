"""Losses: what training makes small. Names, defaults and arithmetic are Keras 3's.

A loss is an immutable description. Every prediction along the last axis has a value of its own,

    y_pred (N, ..., K) -> values (N, ...)

and the loss of a batch is sum(values * weights) / number of values. The weights do not divide:
Keras calls that "sum_over_batch_size". With `reduction="sum"` nothing divides: the gradient then
grows with the batch. Calling a loss gives this number and its gradient by
y_pred; both stay on y_pred's device and have its dtype.
"""

from __future__ import annotations

from typing import TypeAlias

from nnscratch.core.errors import look_up
from nnscratch.losses.base import Loss as Loss
from nnscratch.losses.crossentropy import *
from nnscratch.losses.custom import CustomLoss as CustomLoss
from nnscratch.losses.custom import Function
from nnscratch.losses.divergence import *
from nnscratch.losses.elementwise import *
from nnscratch.losses.focal import *
from nnscratch.losses.hinge import *

Identifier: TypeAlias = Loss | str | tuple[Function, Function]
"""What names a loss in `model.compile`."""

LOSSES: list[type[Loss]] = [
    kind
    for kind in list(vars().values())
    if isinstance(kind, type) and issubclass(kind, Loss) and kind not in (Loss, CustomLoss)
]
NAMES: dict[str, type[Loss]] = {
    **{loss.name: loss for loss in LOSSES},
    "bce": BinaryCrossentropy,
    "kld": KLDivergence,
    "mae": MeanAbsoluteError,
    "mse": MeanSquaredError,
}
CLASS_NAMES = {loss.__name__: loss.name for loss in LOSSES}


def get(identifier: Identifier) -> Loss:
    """The loss that is meant: itself, the one of that name, or the one of two functions.

    Names are Keras's: "mean_squared_error", "mse", "MeanSquaredError" ...

    Raises:
        UnknownNameError: there is none of that name.
        TypeError: the identifier is neither a name, an instance nor a pair of functions.
    """
    if isinstance(identifier, str):
        return look_up("loss", CLASS_NAMES.get(identifier, identifier.lower()), NAMES)()
    if isinstance(identifier, Loss):
        return identifier
    if isinstance(identifier, tuple) and [callable(f) for f in identifier] == [True, True]:
        return CustomLoss(*identifier)
    raise TypeError(
        "loss: expected a name, an instance such as MeanSquaredError() or the functions "
        f"(value, gradient), got {identifier!r}"
    )
