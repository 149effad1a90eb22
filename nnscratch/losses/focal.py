"""Focal losses: cross-entropies that count less what is already predicted well.

Source: Lin et al. 2017, arXiv:1708.02002.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from nnscratch.core.arguments import number
from nnscratch.core.context import Context
from nnscratch.kernels.ops import Array
from nnscratch.losses.base import Reduced
from nnscratch.losses.crossentropy import BinaryCrossentropy, smoothing
from nnscratch.losses.elementwise import Elementwise

__all__ = ["BinaryFocalCrossentropy", "CategoricalFocalCrossentropy"]


class Focal(Reduced):
    """Base of the focal losses, whose fields differ in their order, which is Keras's.

    Probabilities are clipped as by the cross-entropies. Logits are made probabilities first, as in
    Keras, so that they are clipped too: unlike there, a certain mistake teaches nothing.

    Raises:
        ArgumentError: an argument makes no sense.
    """

    alpha: float
    gamma: float
    """The power of how wrong a prediction is: 0 for the cross-entropy."""
    from_logits: bool
    label_smoothing: float
    """How much of the targets is spread evenly."""
    epsilon: float
    """Keras has it as a global setting, `keras.config.set_epsilon`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        number(f"{self.name} alpha", self.alpha, low=0)
        number(f"{self.name} gamma", self.gamma, low=0)
        number(f"{self.name} label_smoothing", self.label_smoothing, low=0, high=1)
        number(f"{self.name} epsilon", self.epsilon, above=0, below=0.5)

    def focus(self, ctx: Context, wrong: Array) -> tuple[Array, Array]:
        """wrong^gamma, and its derivative: 0 where nothing is wrong."""
        some = ctx.xp.where(wrong == 0, wrong.dtype.type(1), wrong)
        slope = ctx.xp.where(wrong == 0, wrong.dtype.type(0), self.gamma * some ** (self.gamma - 1))
        return wrong**self.gamma, slope


@dataclass(frozen=True)
class BinaryFocalCrossentropy(Focal, Elementwise):
    """(1 - q)^gamma times the binary cross-entropy, q = t p + (1 - t)(1 - p).

    The mean over the last axis. With apply_class_balancing also times alpha t + (1 - alpha)(1 - t).
    """

    apply_class_balancing: bool = False
    alpha: float = 0.25
    gamma: float = 2.0
    from_logits: bool = False
    label_smoothing: float = 0.0
    epsilon: float = field(default=1e-7, kw_only=True)
    name: str = field(default="binary_focal_crossentropy", kw_only=True)

    def elements(self, ctx: Context, y_pred: Array, y_true: Array) -> tuple[Array, Array]:
        """The loss of each probability or logit."""
        t = smoothing(y_true, self.label_smoothing, 2)
        p = ctx.k.sigmoid(y_pred) if self.from_logits else y_pred
        loss, slope = BinaryCrossentropy(epsilon=self.epsilon).elements(ctx, p, t)
        factor, bend = self.focus(ctx, 1 - t * p - (1 - t) * (1 - p))
        derivative = bend * (1 - 2 * t) * loss + factor * slope
        losses = factor * loss
        if self.apply_class_balancing:
            weight = t * self.alpha + (1 - t) * (1 - self.alpha)
            losses, derivative = weight * losses, weight * derivative
        if self.from_logits:
            derivative = ctx.k.sigmoid_gradient(derivative, p)
        return losses, derivative


@dataclass(frozen=True)
class CategoricalFocalCrossentropy(Focal):
    """-sum_k alpha (1 - p_k)^gamma t_k log p_k over the last axis.

    Probabilities are first divided by their sum, as in Keras.
    """

    alpha: float = 0.25
    gamma: float = 2.0
    from_logits: bool = False
    label_smoothing: float = 0.0
    epsilon: float = field(default=1e-7, kw_only=True)
    name: str = field(default="categorical_focal_crossentropy", kw_only=True)

    def values(self, ctx: Context, y_pred: Array, y_true: Array) -> tuple[Array, Array]:
        """The loss of each row of K probabilities or logits."""
        t = smoothing(y_true, self.label_smoothing, y_pred.shape[-1])
        p = ctx.k.softmax(y_pred) if self.from_logits else y_pred
        total = ctx.xp.sum(p, axis=-1, keepdims=True)  # (N, ..., 1)
        share = p / total
        q = ctx.xp.clip(share, self.epsilon, 1 - self.epsilon)
        factor, bend = self.focus(ctx, 1 - q)
        loss = -t * ctx.xp.log(q)
        slope = self.alpha * (-bend * loss - factor * t / q)
        slope = ctx.xp.where((share < q) | (share > q), slope.dtype.type(0), slope)
        derivative = (slope - ctx.xp.sum(slope * share, axis=-1, keepdims=True)) / total
        if self.from_logits:
            derivative = ctx.k.softmax_gradient(derivative, p)
        return self.alpha * ctx.xp.sum(factor * loss, axis=-1), derivative
