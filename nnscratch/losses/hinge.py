"""Hinge losses: a prediction on the right side, by a margin, costs nothing and teaches nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from nnscratch.core.arguments import number
from nnscratch.core.context import Context
from nnscratch.kernels.ops import Array
from nnscratch.losses.base import Reduced
from nnscratch.losses.elementwise import Elementwise

__all__ = ["CategoricalHinge", "Contrastive", "Hinge", "SquaredHinge"]


@dataclass(frozen=True)
class Hinge(Elementwise):
    """max(1 - t y_pred, 0) of targets t of -1 and 1, the mean over the last axis.

    A target of 0 counts as -1 (Keras: where a batch has no others but 0 and 1). Where the margin
    is just met the derivative is 0. Source: Cortes & Vapnik 1995, "Support-vector networks".
    """

    name: str = field(default="hinge", kw_only=True)

    def elements(self, ctx: Context, y_pred: Array, y_true: Array) -> tuple[Array, Array]:
        """What the margin lacks, and -t where it lacks something."""
        sides = signed(ctx, y_true)
        lack = ctx.xp.maximum(1 - sides * y_pred, 0)
        return lack, -sides * ctx.xp.sign(lack)


@dataclass(frozen=True)
class SquaredHinge(Elementwise):
    """max(1 - t y_pred, 0)^2 of targets t of -1 and 1, the mean over the last axis.

    A target of 0 counts as -1, as for Hinge.
    """

    name: str = field(default="squared_hinge", kw_only=True)

    def elements(self, ctx: Context, y_pred: Array, y_true: Array) -> tuple[Array, Array]:
        """The square of what the margin lacks, and -2 t times it."""
        sides = signed(ctx, y_true)
        lack = ctx.xp.maximum(1 - sides * y_pred, 0)
        return lack * lack, -2 * sides * lack


@dataclass(frozen=True)
class CategoricalHinge(Reduced):
    """max(1 + the largest wrong prediction - the right one, 0), of one-hot targets.

    The largest of (1 - t) y_pred, as Keras has it: the right class takes part with 0. The first one
    where several are largest. Source: Weston & Watkins 1999, "Support vector machines for
    multi-class pattern recognition"; Crammer & Singer 2001.
    """

    name: str = field(default="categorical_hinge", kw_only=True)

    def values(self, ctx: Context, y_pred: Array, y_true: Array) -> tuple[Array, Array]:
        """What the margin lacks, (N, ...)."""
        wrong = (1 - y_true) * y_pred  # (N, ..., K)
        right = ctx.xp.sum(y_true * y_pred, axis=-1)
        lack = ctx.xp.maximum(wrong.max(axis=-1) - right + 1, 0)  # (N, ...)
        largest = wrong.argmax(axis=-1)[..., None] == ctx.xp.arange(y_pred.shape[-1])
        slope = largest * (1 - y_true) - y_true  # (N, ..., K)
        return lack, ctx.xp.sign(lack)[..., None] * slope


@dataclass(frozen=True)
class Contrastive(Elementwise):
    """t d^2 + (1 - t) max(margin - d, 0)^2 of distances d: what is alike comes near, the rest away.

    Targets are 1 for what is alike and 0 for what is not; the mean over the last axis. Source:
    Hadsell, Chopra & LeCun 2006, "Dimensionality reduction by learning an invariant mapping",
    without its 1/2. Keras has none.

    Raises:
        ArgumentError: the margin is not above 0.
    """

    margin: float = 1.0
    """The distance from which on what is not alike costs nothing."""
    name: str = field(default="contrastive", kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        number(f"{self.name} margin", self.margin, above=0)

    def elements(self, ctx: Context, y_pred: Array, y_true: Array) -> tuple[Array, Array]:
        """The loss of each distance and 2 t d - 2 (1 - t) max(margin - d, 0)."""
        lack = ctx.xp.maximum(self.margin - y_pred, 0)
        near, far = y_true * y_pred, (1 - y_true) * lack
        return near * y_pred + far * lack, 2 * (near - far)


def signed(ctx: Context, y_true: Array) -> Array:
    """Targets with -1 for 0."""
    sides: Array = ctx.xp.where(y_true == 0, y_true.dtype.type(-1), y_true)
    return sides
