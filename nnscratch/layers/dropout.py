"""Dropout, of single numbers and of whole channels."""

from __future__ import annotations

from typing import Any, NamedTuple

from nnscratch.core.context import Context
from nnscratch.core.layer import Gradients, Output, Shape, Spec, Values
from nnscratch.kernels.ops import Array
from nnscratch.layers import arguments
from nnscratch.layers.noise import Noise

__all__ = ["Dropout", "SpatialDropout2D"]


class Dropout(Noise):
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

    class Cache(NamedTuple):
        """What backward needs."""

        kept: Array | None

    def __init__(self, rate: float, *, seed: int | None = None, name: str | None = None):
        super().__init__(seed, name=name)
        self.rate = arguments.number("Dropout rate", rate, low=0, below=1)

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        if not ctx.training:
            return Output(x, self.Cache(None))
        y, kept = ctx.k.dropout(x, self.key(ctx), self.rate)
        return Output(y, self.Cache(kept))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        (kept,) = cache
        return Gradients((dy if kept is None else ctx.k.dropout_gradient(dy, kept, self.rate),))


class SpatialDropout2D(Noise):
    """In training, silences whole channels of each image with a probability.

    Neighbouring pixels say much the same, so that a pixel alone is hardly missed.

    Shapes: x (N, H, W, C) -> y (N, H, W, C).
    Forward: y = x / (1 - rate) where the image's channel is kept, else 0.
    Backward: dx = dy / (1 - rate) where it was kept, else 0.
    Cache: which channels were kept, (N, C); None outside training.
    Source: Tompson et al. 2014, arXiv:1411.4280.

    Args:
        rate: the probability, 0 <= rate < 1.
        seed: joins the run's seed.
        name: of the layer.

    Raises:
        ArgumentError: a rate outside [0, 1), or a seed that is no whole number from 0.
        ShapeError: inputs that are no images.
    """

    class Cache(NamedTuple):
        """What backward needs."""

        kept: Array | None

    def __init__(self, rate: float, seed: int | None = None, *, name: str | None = None):
        super().__init__(seed, name=name)
        self.rate = arguments.number("SpatialDropout2D rate", rate, low=0, below=1)

    def spec(self, *in_shapes: Shape) -> Spec:
        arguments.image_shape(self, in_shapes)
        return super().spec(*in_shapes)

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        if not ctx.training:
            return Output(x, self.Cache(None))
        channels = ctx.xp.ones((x.shape[0], x.shape[3]), x.dtype)
        _, kept = ctx.k.dropout(channels, self.key(ctx), self.rate)  # (N, C)
        return Output(self._thinned(ctx, x, kept), self.Cache(kept))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        (kept,) = cache
        return Gradients((dy if kept is None else self._thinned(ctx, dy, kept),))

    def _thinned(self, ctx: Context, x: Array, kept: Array) -> Array:
        thinned: Array = ctx.xp.where(kept[:, None, None, :], x / (1 - self.rate), 0)
        return thinned
