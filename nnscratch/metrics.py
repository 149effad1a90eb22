"""Metrics: what is reported of training. Names, defaults and arithmetic are Keras 3's.

A metric is an immutable description of a sum that grows batch by batch:

    state = metric.init(ctx)
    state = metric.update(ctx, state, y_pred, y_true)  # as often as there are batches
    metric.result(state)

The state is a few small float64 arrays beside the predictions; `result` brings them to the host.
Before the first row there is no result but NaN (Keras says 0).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from nnscratch.core.context import Context
from nnscratch.core.errors import DescriptionType, ShapeError, look_up
from nnscratch.kernels.ops import Array
from nnscratch.losses import Loss
from nnscratch.losses.base import Shape, spread

State: TypeAlias = Mapping[str, Array]
"""Sums so far, by name."""


class Metric(metaclass=DescriptionType):
    """Base of all metrics."""

    name: str

    @abstractmethod
    def init(self, ctx: Context) -> State:
        """The state before the first batch."""

    @abstractmethod
    def update(
        self,
        ctx: Context,
        state: State,
        y_pred: Array,
        y_true: Array,
        sample_weight: Array | None = None,
    ) -> State:
        """The state after another batch; nothing that is given changes.

        Args:
            ctx: names the device.
            state: what `init` or `update` returned.
            y_pred: predictions (N, ..., K).
            y_true: targets, as the loss's `prepare_targets` returns them.
            sample_weight: how much each row counts, (N,), or each value.

        Raises:
            ShapeError: the targets or weights do not fit the predictions.
        """

    @abstractmethod
    def result(self, state: State) -> float:
        """What the batches so far come to."""


class Mean(Metric):
    """A weighted mean over all values: sum(weights * values) / sum(weights)."""

    @abstractmethod
    def values(self, y_pred: Array, y_true: Array) -> Array:
        """What the mean is taken of: one or more values of each row, (N, ...)."""

    def target_shape(self, shape: Shape) -> Shape:
        """The shape of the targets of predictions of that shape."""
        return shape

    def init(self, ctx: Context) -> State:
        """No values yet."""
        return zeros(ctx, "total", "count")

    def update(
        self,
        ctx: Context,
        state: State,
        y_pred: Array,
        y_true: Array,
        sample_weight: Array | None = None,
    ) -> State:
        """Add a batch's values to the total, and their weights to the count."""
        check_shape(self.name, y_true, self.target_shape(y_pred.shape))
        values = self.values(y_pred, y_true)
        weights = weights_like(ctx, values, sample_weight)
        return {
            "total": state["total"] + ctx.xp.sum(values * weights),
            "count": state["count"] + ctx.xp.sum(weights),
        }

    def result(self, state: State) -> float:
        """The mean."""
        return divide(float(state["total"]), float(state["count"]))


@dataclass(frozen=True)
class BinaryAccuracy(Mean):
    """How often y_pred > threshold agrees with a target that is 0 or 1, of all N*...*K numbers.

    As in Keras the threshold is meant for probabilities, and stays 0.5 when predictions are
    logits: there BinaryAccuracy(threshold=0) asks the same question as 0.5 does of sigmoid(y).

    Differs from Keras, which refuses thresholds that are not between 0 and 1.
    """

    name: str = "binary_accuracy"
    threshold: float = 0.5

    def values(self, y_pred: Array, y_true: Array) -> Array:
        """True where prediction and target agree."""
        agree: Array = (y_pred > self.threshold) == y_true  # (N, ..., K)
        return agree


@dataclass(frozen=True)
class CategoricalAccuracy(Mean):
    """How often the largest of K predictions is that of the one-hot target; the first if equal."""

    name: str = "categorical_accuracy"

    def values(self, y_pred: Array, y_true: Array) -> Array:
        """True where the places of the largest numbers agree."""
        agree: Array = y_pred.argmax(axis=-1) == y_true.argmax(axis=-1)  # (N, ...)
        return agree


@dataclass(frozen=True)
class SparseCategoricalAccuracy(Mean):
    """How often the largest of K predictions is that of the class; the first if equal."""

    name: str = "sparse_categorical_accuracy"

    def values(self, y_pred: Array, y_true: Array) -> Array:
        """True where the place of the largest number is the target's."""
        agree: Array = y_pred.argmax(axis=-1) == y_true  # (N, ...)
        return agree

    def target_shape(self, shape: Shape) -> Shape:
        """Without the axis of classes."""
        return shape[:-1]


@dataclass(frozen=True)
class ClassAccuracy(CategoricalAccuracy):
    """SparseCategoricalAccuracy of targets without an axis of classes, else CategoricalAccuracy.

    What "accuracy" means beside a custom loss, which may read either.
    """

    name: str = "accuracy"

    def update(
        self,
        ctx: Context,
        state: State,
        y_pred: Array,
        y_true: Array,
        sample_weight: Array | None = None,
    ) -> State:
        """Add a batch to the sums of the one or the other."""
        if y_true.ndim < y_pred.ndim:
            sparse = SparseCategoricalAccuracy(self.name)
            return sparse.update(ctx, state, y_pred, y_true, sample_weight)
        return super().update(ctx, state, y_pred, y_true, sample_weight)


@dataclass(frozen=True)
class MeanSquaredError(Mean):
    """The mean of (y_pred - y_true)^2."""

    name: str = "mean_squared_error"

    def values(self, y_pred: Array, y_true: Array) -> Array:
        """The squares."""
        return (y_pred - y_true) ** 2  # (N, ..., K)


@dataclass(frozen=True)
class MeanAbsoluteError(Mean):
    """The mean of |y_pred - y_true|."""

    name: str = "mean_absolute_error"

    def values(self, y_pred: Array, y_true: Array) -> Array:
        """The magnitudes."""
        return abs(y_pred - y_true)  # (N, ..., K)


@dataclass(frozen=True)
class R2Score(Metric):
    """1 - sum (y_true - y_pred)^2 / sum (y_true - mean)^2 of each output, and their mean.

    1 is perfect, 0 as good as the constant mean of the targets. The mean over outputs is Keras's
    `class_aggregation="uniform_average"`. An output whose targets are all equal scores 0, as in
    Keras, and NaN where the predictions are exact too.
    """

    name: str = "r2_score"

    def init(self, ctx: Context) -> State:
        """No rows yet: sums over as many outputs as there will be."""
        return zeros(ctx, "count", "sum", "square_sum", "residual")

    def update(
        self,
        ctx: Context,
        state: State,
        y_pred: Array,
        y_true: Array,
        sample_weight: Array | None = None,
    ) -> State:
        """Add a batch's sums over its rows, (K,) each."""
        check_shape(self.name, y_true, y_pred.shape)
        target = y_true.astype("float64")
        weights = weights_like(ctx, target, sample_weight)
        terms = {
            "count": weights,
            "sum": weights * target,
            "square_sum": weights * target**2,
            "residual": weights * (target - y_pred) ** 2,
        }
        rows = tuple(range(target.ndim - 1))
        return {name: state[name] + ctx.xp.sum(term, axis=rows) for name, term in terms.items()}

    def result(self, state: State) -> float:
        """The mean of the outputs' scores."""
        names = ("count", "sum", "square_sum", "residual")
        outputs = zip(*(state[name].reshape(-1).tolist() for name in names), strict=True)
        scores = [self._score(*sums) for sums in outputs]
        return sum(scores) / len(scores)

    def _score(self, count: float, total: float, square_total: float, residual: float) -> float:
        variation = square_total - divide(total, count) * total  # = sum (y_true - mean)^2
        if variation <= 1e-12 * square_total:  # rounding is all that tells the targets apart
            return 0.0 if residual > 0 else math.nan
        return 1.0 - divide(residual, variation)


def zeros(ctx: Context, *names: str) -> State:
    """A sum that is still empty, by each name."""
    return {name: ctx.xp.zeros((), "float64") for name in names}


def weights_like(ctx: Context, values: Array, sample_weight: Array | None) -> Array:
    """A weight for every value, in float64: 1 where none are given."""
    if sample_weight is None:
        weights = ctx.xp.ones((), "float64")
    else:
        weights = spread(sample_weight, values).astype("float64")
    result: Array = ctx.xp.broadcast_to(weights, values.shape)
    return result


def check_shape(name: str, y_true: Array, expected: Shape) -> None:
    """Refuse targets that would broadcast."""
    if y_true.shape != expected:
        raise ShapeError(f"metric {name}: expected targets {expected}, got {y_true.shape}")


def divide(total: float, count: float) -> float:
    """total / count, and NaN of nothing."""
    return total / count if count else math.nan


# -- names ------------------------------------------------------------------------------------

NAMES: dict[str, type[Any]] = {
    "binary_accuracy": BinaryAccuracy,
    "categorical_accuracy": CategoricalAccuracy,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError,
    "mae": MeanAbsoluteError,
    "r2_score": R2Score,
}
CLASS_NAMES = {metric.__name__: name for name, metric in NAMES.items()}


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
