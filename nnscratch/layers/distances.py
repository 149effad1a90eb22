"""How far two inputs lie apart: the last layers of a siamese network."""

from __future__ import annotations

from typing import Any, NamedTuple

from nnscratch.core.context import Context
from nnscratch.core.errors import ShapeError
from nnscratch.core.layer import Gradients, Layer, Output, Shape, Spec, Values
from nnscratch.kernels.ops import Array
from nnscratch.layers import arguments

__all__ = ["AbsoluteDifference", "L1Distance", "L2Distance"]


class AbsoluteDifference(Layer):
    """|a - b|, element by element.

    Shapes: a (N, ...), b (N, ...) -> y (N, ...).
    Forward: y = |a - b|.
    Backward: da = dy sign(a - b), db = -da, where sign(0) = 0.
    Cache: the signs, which are the slopes.

    Raises:
        ShapeError: not two inputs, or inputs of different shapes.
    """

    role = "merge"

    class Cache(NamedTuple):
        """What backward needs."""

        sign: Array

    def spec(self, *in_shapes: Shape) -> Spec:
        return Spec(arguments.equal_shapes(self, in_shapes, 2))

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        a, b = xs
        difference = a - b
        return Output(ctx.xp.abs(difference), self.Cache(ctx.xp.sign(difference)))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        da = dy * cache.sign
        return Gradients((da, -da))


class Distance(Layer):
    """Base of distances between vectors: all that they need for backward is the slope dy/da."""

    role = "merge"

    class Cache(NamedTuple):
        """What backward needs."""

        slope: Array
        """dy/da (N, ..., C); dy/db is its negative."""

    def spec(self, *in_shapes: Shape) -> Spec:
        shape = arguments.equal_shapes(self, in_shapes, 2)
        if not shape:
            raise ShapeError(f"{self!r}: expected vectors (N, ..., C), got (N,)")
        return Spec((*shape[:-1], 1))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        da = dy * cache.slope  # (N, ..., C)
        return Gradients((da, -da))


class L1Distance(Distance):
    """The Manhattan distance between two vectors.

    Shapes: a (N, ..., C), b (N, ..., C) -> y (N, ..., 1).
    Forward: y = sum |a - b| over the last axis.
    Backward: da = dy sign(a - b), db = -da, where sign(0) = 0.
    Cache: the signs, which are the slopes.
    Source: Koch, Zemel & Salakhutdinov 2015, "Siamese neural networks for one-shot image
        recognition".

    Raises:
        ShapeError: not two inputs, inputs of different shapes, or without a last axis.
    """

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        a, b = xs
        difference = a - b
        y = ctx.xp.sum(ctx.xp.abs(difference), axis=-1, keepdims=True)  # (N, ..., 1)
        return Output(y, self.Cache(ctx.xp.sign(difference)))


class L2Distance(Distance):
    """The Euclidean distance between two vectors.

    Shapes: a (N, ..., C), b (N, ..., C) -> y (N, ..., 1).
    Forward: y = sqrt(sum (a - b)^2) over the last axis.
    Backward: da = dy (a - b) / y, db = -da. At y = 0 the distance has a kink, where no direction is
        better than another: the gradient there is 0 by convention.
    Cache: the unit vectors (a - b) / y, which are the slopes.
    Source: Hadsell, Chopra & LeCun 2006, "Dimensionality reduction by learning an invariant
        mapping".

    Raises:
        ShapeError: not two inputs, inputs of different shapes, or without a last axis.
    """

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        a, b = xs
        difference = a - b
        squares = ctx.xp.sum(difference * difference, axis=-1, keepdims=True)  # (N, ..., 1)
        y = ctx.xp.sqrt(squares)
        slope = difference / ctx.xp.where(y == 0, 1, y)  # (N, ..., C)
        return Output(y, self.Cache(slope))
