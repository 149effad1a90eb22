"""Dropout."""

from __future__ import annotations

from typing import Any, NamedTuple

from nnscratch.core.context import Context
from nnscratch.core.layer import Gradients, Output, Values
from nnscratch.kernels.ops import Array
from nnscratch.layers import arguments
from nnscratch.layers.elementwise import Elementwise

__all__ = ["Dropout"]


class Dropout(Elementwise):
    """In training, silences each number with a probability; the identity otherwise.

    The mask is a pure function of the run's seed, the step, the call and the layer's own seed: it
    is equal on every backend and on replay.

    Shapes: x (N, ...) -> y (N, ...).
    Forward: y = x / (1 - rate) where kept, else 0: the mean stays as it was ("inverted" dropout).
    Backward: dx = dy / (1 - rate) where kept, else 0.
    Cache: which numbers were kept; None outside training.
    Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from
        overfitting".

    Args:
        rate: the probability, 0 <= rate < 1.
        seed: joins the run's seed. By keyword only: Keras's second argument is a noise shape,
            which nnscratch has not.
        name: of the layer.

    Raises:
        ArgumentError: a rate outside [0, 1), or a seed that is no whole number from 0.
    """

    role = "noise"
    aliases = True

    class Cache(NamedTuple):
        """What backward needs."""

        kept: Array | None

    def __init__(self, rate: float, *, seed: int | None = None, name: str | None = None):
        super().__init__(name=name)
        self.rate = arguments.number("Dropout rate", rate, low=0, below=1)
        self.seed = None if seed is None else arguments.whole("Dropout seed", seed, 0)

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        if not ctx.training:
            return Output(x, self.Cache(None))
        own = () if self.seed is None else (self.seed,)
        key = ctx._replace(seed=(*ctx.seed, *own)).rng()
        y, kept = ctx.k.dropout(x, key, self.rate)
        return Output(y, self.Cache(kept))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        (kept,) = cache
        return Gradients((dy if kept is None else ctx.k.dropout_gradient(dy, kept, self.rate),))
