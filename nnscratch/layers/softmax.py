"""Softmax and its logarithm: numbers as shares of one, along an axis."""

from __future__ import annotations

from typing import Any, NamedTuple

from nnscratch.core.context import Context
from nnscratch.core.layer import Gradients, Output, Shape, Spec, Values
from nnscratch.kernels.ops import Array
from nnscratch.layers import arguments
from nnscratch.layers.elementwise import LOGISTIC, Elementwise

__all__ = ["LogSoftmax", "Softmax"]


class AlongAxis(Elementwise):
    """Base of activations in which the numbers along an axis share."""

    role = "activation"

    class Cache(NamedTuple):
        """What backward needs."""

        y: Array

    def __init__(self, axis: int = -1, *, name: str | None = None):
        super().__init__(name=name)
        self.axis = arguments.axis(f"{type(self).__name__} axis", axis)

    def spec(self, *in_shapes: Shape) -> Spec:
        shape = arguments.one_shape(self, in_shapes)
        arguments.resolve_axis(self, self.axis, shape)
        return Spec(shape)


class Softmax(AlongAxis):
    """Turns numbers into shares of one along an axis.

    Shapes: x (N, ...) -> y (N, ...).
    Forward: y = exp(x - max) / sum(exp(x - max)) along the axis.
    Backward: dx = y (dy - sum(dy y)): only differences between the dy count, so dx sums to 0.
    Cache: y, with the axis moved to the end.

    Raises:
        ArgumentError: the axis is the batch axis.
        ShapeError: inputs without that axis.
    """

    saturation = LOGISTIC  # of the slope y (1 - y) of an output by its own input

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        y = ctx.k.softmax(ctx.xp.moveaxis(x, self.axis, -1))  # the axis last
        return Output(ctx.xp.moveaxis(y, -1, self.axis), self.Cache(y))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        dx = ctx.k.softmax_gradient(ctx.xp.moveaxis(dy, self.axis, -1), cache.y)  # the axis last
        return Gradients((ctx.xp.moveaxis(dx, -1, self.axis),))


class LogSoftmax(AlongAxis):
    """The logarithm of Softmax, where shares too small for a float still have one.

    Shapes: x (N, ...) -> y (N, ...).
    Forward: y = x - max - log(sum(exp(x - max))) along the axis.
    Backward: dx = dy - exp(y) sum(dy): dx sums to 0.
    Cache: y, whose exponential is the softmax.

    Raises:
        ArgumentError: the axis is the batch axis.
        ShapeError: inputs without that axis.
    """

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        shifted = x - ctx.xp.max(x, axis=self.axis, keepdims=True)
        total = ctx.xp.sum(ctx.xp.exp(shifted), axis=self.axis, keepdims=True)  # 1 along the axis
        y = shifted - ctx.xp.log(total)
        return Output(y, self.Cache(y))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        total = ctx.xp.sum(dy, axis=self.axis, keepdims=True)  # 1 along the axis
        return Gradients((dy - ctx.xp.exp(cache.y) * total,))
