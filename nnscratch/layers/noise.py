"""Noise: what disturbs training so that a network does not rely on single numbers."""

from __future__ import annotations

import math
from typing import Any

from nnscratch.core.context import Context
from nnscratch.core.layer import Gradients, Output, Role, Values
from nnscratch.kernels.ops import Array, Key
from nnscratch.layers import arguments
from nnscratch.layers.elementwise import Elementwise

__all__ = ["GaussianNoise"]


class Noise(Elementwise):
    """Base of layers that draw numbers in training, and are the identity otherwise.

    What they draw is a pure function of the run's seed, the step, the call and their own seed: it
    is equal on every backend and on replay.
    """

    role: Role = "noise"
    aliases = True

    def __init__(self, seed: int | None, *, name: str | None):
        super().__init__(name=name)
        kind = type(self).__name__
        self.seed = None if seed is None else arguments.whole(f"{kind} seed", seed, 0)

    def key(self, ctx: Context) -> Key:
        """The key of this call's stream."""
        own = () if self.seed is None else (self.seed,)
        return ctx._replace(seed=(*ctx.seed, *own)).rng()


class GaussianNoise(Noise):
    """In training, adds normal noise of mean 0; the identity otherwise.

    Shapes: x (N, ...) -> y (N, ...).
    Forward: y = x + stddev z, z standard normal: sqrt(-2 log u) cos(2 pi v) and sin(2 pi v) of
        uniform u and v (Box & Muller), in float64, rounded to x's dtype.
    Backward: dx = dy.
    Cache: nothing.
    Source: Bishop 1995, "Training with noise is equivalent to Tikhonov regularization".

    Args:
        stddev: of the noise, 0 or more (Keras: at most 1).
        seed: joins the run's seed.
        name: of the layer.

    Raises:
        ArgumentError: a negative stddev, or a seed that is no whole number from 0.
    """

    def __init__(self, stddev: float, seed: int | None = None, *, name: str | None = None):
        super().__init__(seed, name=name)
        self.stddev = arguments.number("GaussianNoise stddev", stddev, low=0)

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        if not ctx.training:
            return Output(x)
        noise = self.stddev * normal(ctx, self.key(ctx), x.size).reshape(x.shape)
        return Output(x + noise.astype(x.dtype))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        return Gradients((dy,))


def normal(ctx: Context, key: Key, count: int) -> Array:
    """Standard normal numbers (count,), float64, of the stream `key`."""
    pairs = -(-count // 2)
    uniform = (ctx.k.random_bits(key, 2 * pairs) + 0.5) / 2**32  # within (0, 1)
    radius, angle = ctx.xp.sqrt(-2 * ctx.xp.log(uniform[:pairs])), 2 * math.pi * uniform[pairs:]
    both = ctx.xp.concatenate([radius * ctx.xp.cos(angle), radius * ctx.xp.sin(angle)])
    numbers: Array = both[:count]
    return numbers
