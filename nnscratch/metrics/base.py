"""What all metrics share: sums that grow batch by batch, and how weights count."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import TypeAlias

from nnscratch.core.context import Context
from nnscratch.core.errors import DescriptionType, ShapeError
from nnscratch.kernels.ops import Array
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
