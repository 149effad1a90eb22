"""What all losses share: from values to one number, targets, and a check of derivatives."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from nnscratch.core.context import Context
from nnscratch.core.errors import DescriptionType, DTypeError, NNError, ShapeError, look_up
from nnscratch.kernels.ops import Array

Shape: TypeAlias = tuple[int, ...]


REDUCTIONS = ("sum_over_batch_size", "sum")
"""What Keras calls the mean over all values, and their sum."""


class Loss(metaclass=DescriptionType):
    """Base of all losses. A subclass says what the values are; here they become one number."""

    name: str
    reduction: str = "sum_over_batch_size"
    """One of REDUCTIONS: whether the number is the mean of the values or their sum."""

    @abstractmethod
    def values(self, ctx: Context, y_pred: Array, y_true: Array) -> tuple[Array, Array]:
        """The value of each prediction (N, ...), and its derivative by y_pred (N, ..., K)."""

    def __call__(
        self, ctx: Context, y_pred: Array, y_true: Array, sample_weight: Array | None = None
    ) -> tuple[Array, Array]:
        """The loss of a batch, a scalar, and its gradient, shaped like y_pred.

        Args:
            ctx: holds the kernels.
            y_pred: predictions (N, ..., K).
            y_true: targets, as `prepare_targets` returns them.
            sample_weight: factors of the values, (N,) or (N, ...), of y_pred's dtype.

        Raises:
            ShapeError, DTypeError: an array is not as described.
        """
        self._check_pair(y_pred, y_true)
        values, derivative = self.values(ctx, y_pred, y_true)
        if sample_weight is not None:
            if sample_weight.dtype != y_pred.dtype:
                raise DTypeError(
                    f"{self.name}: expected sample weights of the predictions' dtype "
                    f"{y_pred.dtype}, got {sample_weight.dtype}"
                )
            values = values * spread(sample_weight, values)
            derivative = derivative * spread(sample_weight, derivative)
        if self.reduction == "sum":
            return ctx.xp.sum(values), derivative
        return ctx.xp.sum(values) / values.size, derivative / values.size

    # -- targets ----------------------------------------------------------------------------

    def target_shape(self, output_shape: Shape, given: Shape) -> Shape:
        """The shape that one row's target must have, given that of a prediction and its own."""
        return output_shape

    def target_dtype(self, dtype: DTypeLike) -> np.dtype[Any]:
        """What targets are cast to in a model of that dtype."""
        return np.dtype(dtype)

    def check_targets(self, y_true: Array, output_shape: Shape) -> None:
        """Refuse targets that cannot be trained on.

        Args:
            y_true: targets (N, ...) of any number of rows, as they come. Neither NaN nor the
                range of numbers is looked at: Keras's formulae hold outside [0, 1] as well.
            output_shape: the shape of one row's prediction.

        Raises:
            ShapeError: they do not fit the predictions.
            DTypeError: they are not real numbers.
        """
        if not output_shape:
            raise ShapeError(f"{self.name}: expected predictions (N, ..., K), got (N,)")
        if y_true.dtype.kind not in "biuf":
            raise DTypeError(f"{self.name}: expected targets to be numbers, got {y_true.dtype}")
        given = y_true.shape[1:]
        expected = self.target_shape(output_shape, given)
        if not interchangeable(given, expected):
            raise ShapeError(
                f"{self.name}: predictions are {(len(y_true), *output_shape)}, expected targets "
                f"{(len(y_true), *expected)}, got {y_true.shape}{self._hint(given, output_shape)}"
            )

    def prepare_targets(self, y_true: Array, output_shape: Shape, dtype: DTypeLike) -> Array:
        """The targets as the loss reads them: checked, in its shape, and cast.

        A last axis of length 1 may be missing or one too many, as in Keras: beside predictions
        (N, 1), targets (N,) become (N, 1) instead of broadcasting to (N, N).

        Args:
            y_true: see `check_targets`.
            output_shape: the shape of one row's prediction.
            dtype: the model's; targets are cast to it, but class numbers to int64. They are not
                copied where nothing has to change.

        Raises:
            ShapeError, DTypeError, DataError: see `check_targets`.
        """
        self.check_targets(y_true, output_shape)
        shape = self.target_shape(output_shape, y_true.shape[1:])
        return y_true.reshape(len(y_true), *shape).astype(self.target_dtype(dtype), copy=False)

    def _hint(self, given: Shape, output_shape: Shape) -> str:
        """The repair for targets of the wrong shape, where one can be seen."""
        return ""

    def _check_pair(self, y_pred: Array, y_true: Array) -> None:
        """What `prepare_targets` has seen to, for targets that came another way."""
        shape = self.target_shape(y_pred.shape[1:], y_true.shape[1:])
        if y_pred.ndim < 2 or y_true.shape != (len(y_pred), *shape):
            raise ShapeError(
                f"{self.name}: expected predictions (N, ..., K) and targets as prepare_targets "
                f"makes them, got {y_pred.shape} and {y_true.shape}"
            )
        dtype = self.target_dtype(y_pred.dtype)
        if y_true.dtype != dtype:
            raise DTypeError(
                f"{self.name}: expected targets of dtype {dtype}, as prepare_targets makes them, "
                f"got {y_true.dtype}"
            )

    # -- derivatives --------------------------------------------------------------------------

    def check_gradient(self, ctx: Context, y_pred: Array, y_true: Array) -> None:
        """Compare the derivative with central differences, in float64.

        One random direction checks all rows at once, since no row's value may depend on another
        row's prediction. y_pred should keep 1e-4 away from kinks.

        Raises:
            NNError: they disagree; names the worst row.
        """
        xp, step = ctx.xp, 1e-5
        y_pred = y_pred.astype(np.float64)
        y_true = y_true.astype(np.float64) if y_true.dtype.kind == "f" else y_true
        direction = xp.asarray(np.random.default_rng(0).standard_normal(y_pred.shape))
        ahead, _ = self.values(ctx, y_pred + step * direction, y_true)  # (N, ...)
        behind, _ = self.values(ctx, y_pred - step * direction, y_true)
        _, derivative = self.values(ctx, y_pred, y_true)
        terms = (derivative * direction).reshape(*ahead.shape, -1)  # (N, ..., K)
        claimed, measured = terms.sum(axis=-1), (ahead - behind) / (2 * step)  # (N, ...)
        rounding = 1e-15 * (abs(ahead) + abs(behind)) / step
        excess = abs(claimed - measured) - 1e-4 * abs(terms).sum(axis=-1) - rounding
        worst = int(excess.argmax())
        if not excess.ravel()[worst] <= 0:
            raise NNError(
                f"{self.name}: the gradient does not belong to the value: along a random "
                f"direction in row {worst * len(excess) // excess.size} it predicts the slope "
                f"{claimed.ravel()[worst]:.6g}, differences of the value give "
                f"{measured.ravel()[worst]:.6g}; it has to be the derivative of each row's own "
                "value, not divided by the number of rows"
            )


@dataclass(frozen=True)
class Reduced(Loss):
    """Base of the losses that are told how to reduce their values.

    Raises:
        UnknownNameError: there is no such reduction.
    """

    reduction: str = field(default="sum_over_batch_size", kw_only=True)

    def __post_init__(self) -> None:
        look_up(f"reduction of {self.name}", self.reduction, dict.fromkeys(REDUCTIONS))


def interchangeable(one: Shape, other: Shape) -> bool:
    """Whether two shapes are equal but for a last axis of length 1."""
    return one == other or (*one, 1) == other or one == (*other, 1)


def spread(weights: Array, like: Array) -> Array:
    """Weights (N,) or (N, ...) with axes of length 1 appended, so that they multiply `like`.

    Raises:
        ShapeError: they are not one for each row, or for each of the first axes.
    """
    if not weights.ndim or weights.shape != like.shape[: weights.ndim]:
        raise ShapeError(
            f"sample weights: expected one per row ({len(like)},), got {weights.shape}"
        )
    return weights.reshape(weights.shape + (1,) * (like.ndim - weights.ndim))
