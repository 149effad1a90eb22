"""Losses that people wrote by hand, with their mistakes: they are what programs are tried with.

Nothing is clipped that their formulas do not clip: 0 log 0 is NaN, and so is its derivative.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from nnscratch.core.context import Context
from nnscratch.kernels.ops import Array
from nnscratch.losses.base import Reduced


@dataclass(frozen=True)
class LogLoss(Reduced):
    """-sum_k y log p over the last axis, with p cut to [floor, 1] where there is a floor.

    Where p is cut the derivative is 0. p is not divided by its sum.
    """

    floor: float | None = None
    mean_over_classes: bool = False
    """The mean over the last axis instead of the sum."""
    name: str = field(default="log_loss", kw_only=True)

    def values(self, ctx: Context, y_pred: Array, y_true: Array) -> tuple[Array, Array]:
        """Of each row (N, ...), and the derivative (N, ..., K)."""
        p, inside = y_pred, ctx.xp.ones_like(y_pred)
        if self.floor is not None:
            p = ctx.xp.clip(y_pred, self.floor, 1)
            inside = ((y_pred >= self.floor) & (y_pred <= 1)).astype(y_pred.dtype)
        terms, derivative = -y_true * ctx.xp.log(p), -y_true / p * inside
        if self.mean_over_classes:
            return terms.mean(axis=-1), derivative / y_pred.shape[-1]
        return terms.sum(axis=-1), derivative


@dataclass(frozen=True)
class BinaryLogLoss(Reduced):
    """sum_k (-y log p - (1 - y) log(1 - p)) over the last axis."""

    name: str = field(default="binary_log_loss", kw_only=True)

    def values(self, ctx: Context, y_pred: Array, y_true: Array) -> tuple[Array, Array]:
        """Of each row (N, ...), and the derivative (N, ..., K)."""
        p, log = y_pred, ctx.xp.log
        terms = -y_true * log(p) - (1 - y_true) * log(1 - p)
        return terms.sum(axis=-1), (1 - y_true) / (1 - p) - y_true / p


@dataclass(frozen=True)
class CrossedSquaredError(Reduced):
    """Predictions (N, 1) less targets (N,), which broadcasts to all N x N pairs; squared."""

    name: str = field(default="crossed_squared_error", kw_only=True)

    def values(self, ctx: Context, y_pred: Array, y_true: Array) -> tuple[Array, Array]:
        """Each prediction's mean over all targets (N,), and the derivative (N, 1)."""
        difference = y_pred - y_true.reshape(1, -1)  # (N, N)
        return (difference**2).mean(axis=1), 2 * difference.mean(axis=1, keepdims=True)


CUSTOM: dict[str, Reduced] = {
    "custom:cce_unclipped_sum": LogLoss(reduction="sum"),
    "custom:bce_unclipped": BinaryLogLoss(),
    "custom:cce_clip_1e32": LogLoss(1e-32),
    "custom:cce_mean_axis1_sum_batch": LogLoss(1e-32, mean_over_classes=True, reduction="sum"),
    "custom:cce_sum_axis0_mean": LogLoss(1e-32, mean_over_classes=True, reduction="sum"),
    "custom:mse_broadcast": CrossedSquaredError(),
    "custom:ce_for_regression": LogLoss(1e-10, reduction="sum"),
}
