"""KLDivergence."""

from __future__ import annotations

from dataclasses import dataclass, field

from nnscratch.core.arguments import number
from nnscratch.core.context import Context
from nnscratch.kernels.ops import Array
from nnscratch.losses.base import Reduced

__all__ = ["KLDivergence"]


@dataclass(frozen=True)
class KLDivergence(Reduced):
    """sum_k t_k log(t_k / p_k) over the last axis: the bits, times log 2, that p wastes on t.

    Both are clipped to [epsilon, 1]; where that moves p its derivative is exactly 0. Source:
    Kullback & Leibler 1951, "On information and sufficiency".

    Raises:
        ArgumentError: epsilon is not between 0 and 1.
    """

    epsilon: float = field(default=1e-7, kw_only=True)
    """Keras has it as a global setting, `keras.config.set_epsilon`."""
    name: str = field(default="kl_divergence", kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        number(f"{self.name} epsilon", self.epsilon, above=0, below=1)

    def values(self, ctx: Context, y_pred: Array, y_true: Array) -> tuple[Array, Array]:
        """The divergence of each row of K probabilities."""
        true, p = (ctx.xp.clip(x, self.epsilon, 1) for x in (y_true, y_pred))  # (N, ..., K)
        clipped = (y_pred < p) | (y_pred > p)
        derivative = ctx.xp.where(clipped, y_pred.dtype.type(0), -true / p)
        return ctx.xp.sum(true * ctx.xp.log(true / p), axis=-1), derivative
