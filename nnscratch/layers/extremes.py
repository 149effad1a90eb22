"""Maximum and Minimum: the one of several inputs that is farthest up or down."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, NamedTuple

from nnscratch.core.context import Context
from nnscratch.core.layer import Gradients, Layer, Output, Shape, Spec, Values
from nnscratch.kernels.ops import Array
from nnscratch.layers import arguments

__all__ = ["Maximum", "Minimum"]


class Extreme(Layer):
    """Base of layers that take, at each place, the number of one of their inputs."""

    role = "merge"

    class Cache(NamedTuple):
        """What backward needs."""

        winner: Array
        """Which input won, (N, ...)."""
        inputs: int

    @abstractmethod
    def beats(self, x: Array, y: Array) -> Array:
        """Where x is to be taken rather than y, an earlier input's."""

    def spec(self, *in_shapes: Shape) -> Spec:
        return Spec(arguments.equal_shapes(self, in_shapes))

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        xp = ctx.xp
        y, winner = xs[0].copy(), xp.zeros(xs[0].shape, xp.min_scalar_type(len(xs)))
        for place, x in enumerate(xs[1:], start=1):
            wins = self.beats(x, y) | (xp.isnan(x) & ~xp.isnan(y))
            y, winner = xp.where(wins, x, y), xp.where(wins, winner.dtype.type(place), winner)
        return Output(y, self.Cache(winner, len(xs)))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        winner, inputs = cache
        return Gradients(tuple(ctx.xp.where(winner == place, dy, 0) for place in range(inputs)))


class Maximum(Extreme):
    """The largest of its inputs, element by element.

    Shapes: x (N, ...), two or more -> y (N, ...).
    Forward: y = max of the x; NaN where one of them is.
    Backward: dx = dy where that input won, else 0; the first one where several are largest.
    Cache: which input won, and how many there were.

    Raises:
        ShapeError: one input only, or inputs of different shapes (Keras broadcasts them).
    """

    def beats(self, x: Array, y: Array) -> Array:
        """Where x is larger."""
        return x > y


class Minimum(Extreme):
    """The smallest of its inputs, element by element.

    Shapes: x (N, ...), two or more -> y (N, ...).
    Forward: y = min of the x; NaN where one of them is.
    Backward: dx = dy where that input won, else 0; the first one where several are smallest.
    Cache: which input won, and how many there were.

    Raises:
        ShapeError: one input only, or inputs of different shapes (Keras broadcasts them).
    """

    def beats(self, x: Array, y: Array) -> Array:
        """Where x is smaller."""
        return x < y
