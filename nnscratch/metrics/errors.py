"""Errors: how far predictions are from the targets."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nnscratch.core.context import Context
from nnscratch.kernels.ops import Array
from nnscratch.metrics.base import Mean, Metric, State, check_shape, divide, weights_like, zeros

__all__ = ["MeanAbsoluteError", "MeanSquaredError", "R2Score"]


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
