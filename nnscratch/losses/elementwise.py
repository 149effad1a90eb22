"""Losses of single numbers, averaged over the last axis."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass, field

from nnscratch.core.arguments import number
from nnscratch.core.context import Context
from nnscratch.kernels.ops import Array
from nnscratch.losses.base import Reduced

__all__ = ["Huber", "LogCosh", "MeanAbsoluteError", "MeanSquaredError", "Poisson"]


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


@dataclass(frozen=True)
class Huber(Elementwise):
    """e^2 / 2 of small errors e and delta (|e| - delta / 2) of larger ones, the mean of them.

    An outlier pulls no harder than an error of delta. Source: Huber 1964, "Robust estimation of a
    location parameter".

    Raises:
        ArgumentError: delta is not above 0.
    """

    delta: float = 1.0
    """Where the parabola becomes a line."""
    name: str = field(default="huber", kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        number(f"{self.name} delta", self.delta, above=0)

    def elements(self, ctx: Context, y_pred: Array, y_true: Array) -> tuple[Array, Array]:
        """With e cut to [-delta, delta] as c: c (e - c / 2), and its derivative c."""
        error = y_pred - y_true
        cut = ctx.xp.clip(error, -self.delta, self.delta)
        return cut * (error - cut / 2), cut


@dataclass(frozen=True)
class LogCosh(Elementwise):
    """log(cosh(y_pred - y_true)), the mean over the last axis: near 0 e^2 / 2, else |e| - log 2."""

    name: str = field(default="log_cosh", kw_only=True)

    def elements(self, ctx: Context, y_pred: Array, y_true: Array) -> tuple[Array, Array]:
        """|e| + log(1 + exp(-2 |e|)) - log 2, which cannot overflow, and tanh(e)."""
        error = y_pred - y_true
        size = abs(error)
        losses = size + ctx.xp.log1p(ctx.xp.exp(-2 * size)) - math.log(2)
        return losses, ctx.k.tanh(error)


@dataclass(frozen=True)
class Poisson(Elementwise):
    """y_pred - y_true log(y_pred + epsilon), the mean over the last axis: of counts and their mean.

    Least where y_pred is y_true, and not 0 there. Predictions must not be negative: activation
    "softplus" or "exponential".

    Raises:
        ArgumentError: epsilon is not above 0.
    """

    epsilon: float = field(default=1e-7, kw_only=True)
    """Keras has it as a global setting, `keras.config.set_epsilon`."""
    name: str = field(default="poisson", kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        number(f"{self.name} epsilon", self.epsilon, above=0)

    def elements(self, ctx: Context, y_pred: Array, y_true: Array) -> tuple[Array, Array]:
        """The loss of each number and 1 - y_true / (y_pred + epsilon)."""
        above = y_pred + self.epsilon
        return y_pred - y_true * ctx.xp.log(above), 1 - y_true / above
