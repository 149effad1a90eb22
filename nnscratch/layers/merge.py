"""Layers that make one output of several inputs."""

from __future__ import annotations

import functools
import itertools
from typing import Any, NamedTuple

from nnscratch.core.context import Context
from nnscratch.core.errors import ShapeError
from nnscratch.core.graph import batched
from nnscratch.core.layer import Gradients, Layer, Output, Shape, Spec, Values
from nnscratch.kernels.ops import Array
from nnscratch.layers import arguments

__all__ = ["Add", "Average", "Concatenate", "Multiply", "Subtract"]


class Add(Layer):
    """The sum of its inputs, which all have one shape.

    Shapes: x (N, ...), two or more -> y (N, ...).
    Forward: y = sum of the x.
    Backward: dx = dy for each.
    Cache: how many inputs there were; each gets a gradient.

    Raises:
        ShapeError: one input only, or inputs of different shapes (Keras broadcasts them).
    """

    role = "merge"
    aliases = True

    class Cache(NamedTuple):
        """What backward needs."""

        inputs: int

    def spec(self, *in_shapes: Shape) -> Spec:
        return Spec(arguments.equal_shapes(self, in_shapes))

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        return Output(functools.reduce(ctx.k.add, xs), self.Cache(len(xs)))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        return Gradients((dy,) * cache.inputs)


class Average(Layer):
    """The mean of its inputs, which all have one shape.

    Shapes: x (N, ...), two or more -> y (N, ...).
    Forward: y = sum of the x / how many there are.
    Backward: dx = dy / how many there are, for each.
    Cache: how many inputs there were.

    Raises:
        ShapeError: one input only, or inputs of different shapes (Keras broadcasts them).
    """

    role = "merge"

    class Cache(NamedTuple):
        """What backward needs."""

        inputs: int

    def spec(self, *in_shapes: Shape) -> Spec:
        return Spec(arguments.equal_shapes(self, in_shapes))

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        return Output(functools.reduce(ctx.k.add, xs) / len(xs), self.Cache(len(xs)))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        return Gradients((dy / cache.inputs,) * cache.inputs)


class Subtract(Layer):
    """The first input minus the second.

    Shapes: a (N, ...), b (N, ...) -> y (N, ...).
    Forward: y = a - b.
    Backward: da = dy, db = -dy.
    Cache: nothing.

    Raises:
        ShapeError: not two inputs, or inputs of different shapes (Keras broadcasts them).
    """

    role = "merge"
    aliases = True

    def spec(self, *in_shapes: Shape) -> Spec:
        return Spec(arguments.equal_shapes(self, in_shapes, 2))

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        a, b = xs
        return Output(a - b)

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        return Gradients((dy, -dy))


class Multiply(Layer):
    """The product of its inputs, element by element.

    Shapes: x (N, ...), two or more -> y (N, ...).
    Forward: y = product of the x.
    Backward: dx = dy times the product of the other inputs (not y / x: x may be 0).
    Cache: the inputs, each for the others' gradients.

    Raises:
        ShapeError: one input only, or inputs of different shapes (Keras broadcasts them).
    """

    role = "merge"

    class Cache(NamedTuple):
        """What backward needs."""

        xs: tuple[Array, ...]

    def spec(self, *in_shapes: Shape) -> Spec:
        return Spec(arguments.equal_shapes(self, in_shapes))

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        return Output(functools.reduce(ctx.xp.multiply, xs), self.Cache(xs))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        (xs,) = cache
        others = (xs[:i] + xs[i + 1 :] for i in range(len(xs)))
        return Gradients(tuple(functools.reduce(ctx.xp.multiply, rest, dy) for rest in others))


class Concatenate(Layer):
    """Its inputs side by side.

    Shapes: x (N, ..., L_i, ...), two or more -> y (N, ..., sum of L_i, ...).
    Forward: y = the x one after another along the axis.
    Backward: dx = its own piece of dy.
    Cache: where each piece ends.

    Raises:
        ArgumentError: the axis is the batch axis.
        ShapeError: one input only, inputs without that axis, or that differ in another one.
    """

    role = "merge"
    aliases = True

    class Cache(NamedTuple):
        """What backward needs."""

        ends: tuple[int, ...]

    def __init__(self, axis: int = -1, *, name: str | None = None):
        super().__init__(name=name)
        self.axis = arguments.axis("Concatenate axis", axis)

    def spec(self, *in_shapes: Shape) -> Spec:
        if len(in_shapes) < 2:
            raise ShapeError(f"{self!r}: takes two inputs or more, layer([a, b]), got one")
        place = arguments.resolve_axis(self, self.axis, in_shapes[0]) - 1
        others = {(len(shape), shape[:place], shape[place + 1 :]) for shape in in_shapes}
        if len(others) > 1:
            listed = ", ".join(map(batched, in_shapes))
            raise ShapeError(
                f"{self!r}: expected inputs that differ along axis {self.axis} only, got {listed}"
            )
        _, before, after = others.pop()
        return Spec((*before, sum(shape[place] for shape in in_shapes), *after))

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        ends = tuple(itertools.accumulate(x.shape[self.axis] for x in xs))
        return Output(ctx.k.concatenate(self.axis, *xs), self.Cache(ends))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        return Gradients(tuple(ctx.xp.split(dy, cache.ends[:-1], axis=self.axis)))
