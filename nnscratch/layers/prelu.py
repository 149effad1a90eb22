"""PReLU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from nnscratch import constraints, initializers, regularizers
from nnscratch.core.context import Context
from nnscratch.core.layer import Gradients, Layer, Output, Param, Shape, Spec, Values
from nnscratch.kernels.ops import Array
from nnscratch.layers import arguments

__all__ = ["PReLU"]


class PReLU(Layer):
    """Rectified linear unit whose slope below 0 is learned, one slope per input element.

    On images, give shared_axes=[1, 2] for one slope per channel.

    Shapes: x (N, ...) -> y (N, ...); alpha as x without N, with 1 along the shared axes.
    Forward: y = x where x > 0, else alpha x.
    Backward: dx = dy where x > 0, else alpha dy; dalpha sums dy min(x, 0) over N and the shared
        axes.
    Cache: x, for its sign and for dalpha.
    Source: He et al. 2015, arXiv:1502.01852.

    Raises:
        ArgumentError: shared axes that repeat, or that are not whole numbers from 1.
        ShapeError: inputs without one of the shared axes.
    """

    role = "activation"

    class Cache(NamedTuple):
        """What backward needs."""

        x: Array

    def __init__(
        self,
        alpha_initializer: initializers.Identifier = "zeros",
        alpha_regularizer: regularizers.Identifier = None,
        alpha_constraint: constraints.Identifier = None,
        shared_axes: int | Sequence[int] | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
    ):
        super().__init__(name=name, trainable=trainable)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        axes = shared_axes if isinstance(shared_axes, Sequence) else (shared_axes,)
        given = () if shared_axes is None else axes
        self.shared_axes = tuple(arguments.positive("PReLU shared_axes", axis) for axis in given)
        if len(set(self.shared_axes)) < len(self.shared_axes):
            raise arguments.ArgumentError(
                f"PReLU shared_axes: expected different axes, got {shared_axes!r}"
            )

    def spec(self, *in_shapes: Shape) -> Spec:
        shape = arguments.one_shape(self, in_shapes)
        shared = {arguments.resolve_axis(self, axis, shape) for axis in self.shared_axes}
        lengths = enumerate(shape, start=1)
        alpha = Param(
            tuple(1 if axis in shared else length for axis, length in lengths),
            self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        return Spec(shape, {"alpha": alpha})

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        return Output(ctx.k.prelu(x, params["alpha"]), self.Cache(x))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        (x,) = cache
        dx, dalpha = ctx.k.prelu_gradient(dy, x, params["alpha"])
        return Gradients((dx,), {"alpha": dalpha})
