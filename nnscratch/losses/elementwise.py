"""Losses of single numbers, averaged over the last axis."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field

from nnscratch.core.context import Context
from nnscratch.kernels.ops import Array
from nnscratch.losses.base import Reduced


class Elementwise(Reduced):
    """A loss of single numbers: a prediction's value is the mean over its last axis."""

    @abstractmethod
    def elements(self, ctx: Context, y_pred: Array, y_true: Array) -> tuple[Array, Array]:
        """The loss of each number and its derivative, both shaped like y_pred."""

    def values(self, ctx: Context, y_pred: Array, y_true: Array) -> tuple[Array, Array]:
        """The mean of `elements` over the last axis."""
        losses, derivative = self.elements(ctx, y_pred, y_true)
        return losses.mean(axis=-1), derivative / y_pred.shape[-1]  # (N, ...), (N, ..., K)


@dataclass(frozen=True)
class MeanSquaredError(Elementwise):
    """(y_pred - y_true)^2, the mean over the last axis."""

    name: str = field(default="mean_squared_error", kw_only=True)

    def elements(self, ctx: Context, y_pred: Array, y_true: Array) -> tuple[Array, Array]:
        """(y_pred - y_true)^2 and 2 (y_pred - y_true)."""
        return ctx.k.squared_error(y_pred, y_true)


@dataclass(frozen=True)
class MeanAbsoluteError(Elementwise):
    """|y_pred - y_true|, the mean over the last axis; its derivative at 0 is 0."""

    name: str = field(default="mean_absolute_error", kw_only=True)

    def elements(self, ctx: Context, y_pred: Array, y_true: Array) -> tuple[Array, Array]:
        """|y_pred - y_true| and its sign."""
        return ctx.k.absolute_error(y_pred, y_true)
