"""Activations: one call of their own each, so that the pre-activation exists and can be read."""

from __future__ import annotations

from typing import Any, NamedTuple

from nnscratch.core.context import Context
from nnscratch.core.errors import look_up
from nnscratch.core.layer import Gradients, Layer, Output, Shape, Spec, Values
from nnscratch.kernels.ops import Array
from nnscratch.layers import arguments


class Elementwise(Layer):
    """A layer whose output has its input's shape."""

    def spec(self, *in_shapes: Shape) -> Spec:
        return Spec(arguments.one_shape(self, in_shapes))


class ELU(Elementwise):
    """Exponential linear unit.

    Shapes: x (N, ...) -> y (N, ...).
    Forward: y = x where x > 0, else alpha (exp(x) - 1).
    Backward: dx = dy where x >= 0, else dy (y + alpha).
    Cache: x and y, so that exp need not run twice.
    Source: Clevert et al. 2015, arXiv:1511.07289.
    """

    class Cache(NamedTuple):
        """What backward needs."""

        x: Array
        y: Array

    def __init__(self, alpha: float = 1.0, *, name: str | None = None):
        super().__init__(name=name)
        self.alpha = alpha

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        y = ctx.k.elu(x, self.alpha)
        return Output(y, self.Cache(x, y))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        return Gradients((ctx.k.elu_gradient(dy, cache.x, cache.y, self.alpha),))


BY_NAME: dict[str, type[Layer]] = {"elu": ELU}


def get(identifier: str | Layer | None) -> Layer | None:
    """The activation layer of a Keras name; None for none."""
    if identifier is None or isinstance(identifier, Layer):
        return identifier
    layer: Layer = look_up("activation", identifier, BY_NAME)()
    return layer
