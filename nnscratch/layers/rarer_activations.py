"""Activations that are met now and then: array expressions, without kernels of their own.

So none of them is applied by the product before it; each is a pass over its input.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any, NamedTuple

from nnscratch.core.context import Context
from nnscratch.core.layer import Gradients, Output, Values
from nnscratch.kernels.ops import Array
from nnscratch.layers.elementwise import FLAT, Elementwise

__all__ = ["SELU", "Exponential", "HardSigmoid", "Softplus", "Softsign"]

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
"""Activations of mean 0 and variance 1 stay so: the fixed point of Klambauer et al., equation 14.

Keras and PyTorch have the same digits.
"""


class Sloped(Elementwise):
    """Base of functions of each number, whose result tells their slope."""

    role = "activation"

    class Cache(NamedTuple):
        """What backward needs."""

        y: Array

    @abstractmethod
    def function(self, ctx: Context, x: Array) -> Array:
        """The result for each number."""

    @abstractmethod
    def slope(self, ctx: Context, y: Array) -> Array:
        """The derivative by x, where the result is y."""

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        y = self.function(ctx, *xs)
        return Output(y, self.Cache(y))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        return Gradients((dy * self.slope(ctx, cache.y),))


class Softplus(Sloped):
    """Smooth ReLU: always above 0.

    Shapes: x (N, ...) -> y (N, ...).
    Forward: y = log(1 + exp(x)), computed as max(x, 0) + log(1 + exp(-|x|)): no overflow.
    Backward: dx = dy sigmoid(x) = dy (1 - exp(-y)).
    Cache: y.
    Source: Dugas et al. 2000, "Incorporating second-order functional knowledge for better option
        pricing".
    """

    saturation = (-math.log1p(-FLAT), math.inf)

    def function(self, ctx: Context, x: Array) -> Array:
        y: Array = ctx.xp.maximum(x, 0) + ctx.xp.log1p(ctx.xp.exp(-abs(x)))
        return y

    def slope(self, ctx: Context, y: Array) -> Array:
        slope: Array = -ctx.xp.expm1(-y)
        return slope


class Softsign(Sloped):
    """Like tanh, but it nears its ends slowly.

    Shapes: x (N, ...) -> y (N, ...).
    Forward: y = x / (1 + |x|).
    Backward: dx = dy / (1 + |x|)^2 = dy (1 - |y|)^2.
    Cache: y.
    Source: Bergstra et al. 2009, "Quadratic polynomials learn better image features".
    """

    saturation = (math.sqrt(FLAT) - 1, 1 - math.sqrt(FLAT))

    def function(self, ctx: Context, x: Array) -> Array:
        y: Array = x / (1 + abs(x))
        return y

    def slope(self, ctx: Context, y: Array) -> Array:
        slope: Array = (1 - abs(y)) ** 2
        return slope


class Exponential(Sloped):
    """The exponential function, which overflows: in float32 from 88.8 on.

    Shapes: x (N, ...) -> y (N, ...).
    Forward: y = exp(x).
    Backward: dx = dy y.
    Cache: y.
    """

    def function(self, ctx: Context, x: Array) -> Array:
        y: Array = ctx.xp.exp(x)
        return y

    def slope(self, ctx: Context, y: Array) -> Array:
        return y


class SELU(Sloped):
    """ELU, scaled so that deep networks keep mean 0 and variance 1 (with LecunNormal kernels).

    Shapes: x (N, ...) -> y (N, ...).
    Forward: y = s x where x > 0, else s a (exp(x) - 1); a = 1.6733, s = 1.0507.
    Backward: dx = s dy where y >= 0, else dy (y + s a).
    Cache: y.
    Source: Klambauer et al. 2017, arXiv:1706.02515.
    """

    saturation = ((FLAT - 1) * SELU_SCALE * SELU_ALPHA, math.inf)

    def function(self, ctx: Context, x: Array) -> Array:
        return SELU_SCALE * ctx.k.elu(x, SELU_ALPHA)

    def slope(self, ctx: Context, y: Array) -> Array:
        slope: Array = ctx.xp.where(y >= 0, y.dtype.type(SELU_SCALE), y + SELU_SCALE * SELU_ALPHA)
        return slope


class HardSigmoid(Sloped):
    """A sigmoid of three straight lines: it is 0 below -3 and 1 above 3.

    Shapes: x (N, ...) -> y (N, ...).
    Forward: y = x / 6 + 1/2, cut to [0, 1].
    Backward: dx = dy / 6 where 0 < y < 1, else 0.
    Cache: y.
    Source: Courbariaux et al. 2015, arXiv:1511.00363, with Keras 3's slope.
    """

    saturation = (0.0, 1.0)

    def function(self, ctx: Context, x: Array) -> Array:
        y: Array = ctx.xp.clip(x / 6 + 0.5, 0, 1)
        return y

    def slope(self, ctx: Context, y: Array) -> Array:
        inside = ctx.xp.where((y > 0) & (y < 1), y.dtype.type(1 / 6), y.dtype.type(0))
        slope: Array = ctx.xp.where(ctx.xp.isnan(y), y, inside)
        return slope
