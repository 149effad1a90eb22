"""Metrics: what is reported of training. Names, defaults and arithmetic are Keras 3's.

A metric is an immutable description of a sum that grows batch by batch:

    state = metric.init(ctx)
    state = metric.update(ctx, state, y_pred, y_true)  # as often as there are batches
    metric.result(state)

The state is a few small float64 arrays beside the predictions; `result` brings them to the host.
Before the first row there is no result but NaN (Keras says 0).
"""

from __future__ import annotations

from typing import Any

from nnscratch.core.errors import look_up
from nnscratch.losses import Loss
from nnscratch.losses.base import Shape
from nnscratch.metrics.accuracy import *
from nnscratch.metrics.base import Metric as Metric
from nnscratch.metrics.base import State as State
from nnscratch.metrics.confusion import *
from nnscratch.metrics.counts import *
from nnscratch.metrics.errors import *
from nnscratch.metrics.ranking import *

METRICS: list[type[Any]] = [
    kind
    for kind in list(vars().values())
    if isinstance(kind, type) and issubclass(kind, Metric) and kind not in (Metric, ClassAccuracy)
]
NAMES: dict[str, type[Any]] = {
    **{metric.name: metric for metric in METRICS},
    "mae": MeanAbsoluteError,
    "mse": MeanSquaredError,
}
CLASS_NAMES = {metric.__name__: metric.name for metric in METRICS}


def get(identifier: Metric | str, *, loss: Loss | None, output_shape: Shape) -> Metric:
    """The metric that is meant: itself, or the one of that name, which it is then reported as.

    "accuracy" and "acc" are, as in Keras, the one of three that fits the output: binary for one
    number, sparse where the targets are class numbers, else categorical.

    Args:
        identifier: a metric, or one of Keras's names: "mae", "mean_absolute_error", "acc" ...
        loss: the output's, None where it has none.
        output_shape: the shape of one row's prediction.

    Raises:
        UnknownNameError: there is none of that name.
        TypeError: the identifier is neither a name nor an instance.
    """
    if isinstance(identifier, Metric):
        return identifier
    if not isinstance(identifier, str):
        raise TypeError(
            f"metric: expected a name or an instance such as R2Score(), got {identifier!r}"
        )
    accuracy = accuracy_of(loss, output_shape)
    table = {**NAMES, "accuracy": accuracy, "acc": accuracy}
    kind = look_up("metric", CLASS_NAMES.get(identifier, identifier.lower()), table)
    metric: Metric = kind(name=identifier)
    return metric


def accuracy_of(loss: Loss | None, output_shape: Shape) -> type[Metric]:
    """The accuracy that Keras means where it is not told which."""
    if output_shape[-1:] == (1,):
        return BinaryAccuracy
    numbers = output_shape[:-1]  # the shape of class numbers
    if loss is None or loss.target_shape(output_shape, numbers) != numbers:
        return CategoricalAccuracy
    either = loss.target_shape(output_shape, output_shape) == output_shape
    return ClassAccuracy if either else SparseCategoricalAccuracy
