"""Activations that let x through a gate between 0 and 1, which x itself opens."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any, NamedTuple

from nnscratch.core.context import Context
from nnscratch.core.layer import Gradients, Output, Values
from nnscratch.kernels.ops import Array
from nnscratch.layers import arguments
from nnscratch.layers.elementwise import Elementwise

__all__ = ["GELU", "SiLU"]

CUBIC = 0.044715
STEEP = math.sqrt(2 / math.pi)
"""Of the hyperbolic tangent that is near the normal distribution: Hendrycks & Gimpel."""


class Gated(Elementwise):
    """Base of functions of each number that do not rise everywhere: their slope needs x itself."""

    role = "activation"

    class Cache(NamedTuple):
        """What backward needs."""

        x: Array

    @abstractmethod
    def function(self, ctx: Context, x: Array) -> Array:
        """The result for each number."""

    @abstractmethod
    def gradient(self, ctx: Context, dy: Array, x: Array) -> Array:
        """dy times the derivative at x."""

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        return Output(self.function(ctx, x), self.Cache(x))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        return Gradients((self.gradient(ctx, dy, cache.x),))


class SiLU(Gated):
    """Sigmoid linear unit, also called swish: "silu" and "swish" as names.

    Shapes: x (N, ...) -> y (N, ...).
    Forward: y = x s, s = sigmoid(x).
    Backward: dx = dy s (1 + x (1 - s)).
    Cache: x: two x, on both sides of -1.28, have one y.
    Source: Elfwing et al. 2017, arXiv:1702.03118; Ramachandran et al. 2017, arXiv:1710.05941.
    """

    def function(self, ctx: Context, x: Array) -> Array:
        y: Array = x * ctx.k.sigmoid(x)
        return y

    def gradient(self, ctx: Context, dy: Array, x: Array) -> Array:
        gate = ctx.k.sigmoid(x)
        dx: Array = dy * gate * (1 + x * (1 - gate))
        return dx


class GELU(Gated):
    """Gaussian error linear unit: x times the share of a normal distribution below it.

    Shapes: x (N, ...) -> y (N, ...).
    Forward: y = x P(x), P the normal distribution's; with approximate=True
        y = x (1 + t) / 2, t = tanh(sqrt(2 / pi) (x + 0.044715 x^3)).
    Backward: dx = dy (P(x) + x p(x)), p the normal density; with approximate=True
        dx = dy (1 + t + x (1 - t^2) sqrt(2 / pi) (1 + 3 * 0.044715 x^2)) / 2.
    Cache: x: two x, on both sides of -0.75, have one y.
    Source: Hendrycks & Gimpel 2016, arXiv:1606.08415.

    Raises:
        ArgumentError: approximate is neither True nor False.
    """

    def __init__(self, approximate: bool = False, *, name: str | None = None):
        super().__init__(name=name)
        self.approximate = arguments.flag("GELU approximate", approximate)

    def function(self, ctx: Context, x: Array) -> Array:
        if not self.approximate:
            return ctx.k.gelu(x)
        y: Array = 0.5 * x * (1 + self._tangent(ctx, x))
        return y

    def gradient(self, ctx: Context, dy: Array, x: Array) -> Array:
        if not self.approximate:
            return ctx.k.gelu_gradient(dy, x)
        tangent = self._tangent(ctx, x)
        bend = x * (1 - tangent * tangent) * (STEEP + 3 * STEEP * CUBIC * x * x)
        dx: Array = 0.5 * dy * (1 + tangent + bend)
        return dx

    def _tangent(self, ctx: Context, x: Array) -> Array:
        return ctx.k.tanh(STEEP * (x + CUBIC * x * x * x))
