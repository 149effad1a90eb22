"""Dense."""

from __future__ import annotations

from nnscratch import constraints, initializers, regularizers
from nnscratch.core.context import Context
from nnscratch.core.errors import ShapeError
from nnscratch.core.layer import Layer, Shape, Spec
from nnscratch.kernels.ops import Array
from nnscratch.layers import arguments
from nnscratch.layers.affine import Affine

__all__ = ["Dense"]


class Dense(Affine):
    """Every output reads every input: one matrix product, on the last axis.

    Shapes: x (N, ..., C) -> y (N, ..., units); kernel (C, units), bias (units,).
    Forward: y = x @ kernel + bias.
    Backward: dkernel = x.T @ dy, dbias sums dy over the rows, dx = dy @ kernel.T.
    Cache: x, for dkernel.
    Source: Rumelhart, Hinton & Williams 1986, "Learning representations by back-propagating
        errors".

    Raises:
        ArgumentError, UnknownNameError: an argument makes no sense.
        ShapeError: inputs without a feature axis.
    """

    def __init__(
        self,
        units: int,
        activation: str | Layer | None = None,
        use_bias: bool = True,
        kernel_initializer: initializers.Identifier = "glorot_uniform",
        bias_initializer: initializers.Identifier = "zeros",
        kernel_regularizer: regularizers.Identifier = None,
        bias_regularizer: regularizers.Identifier = None,
        kernel_constraint: constraints.Identifier = None,
        bias_constraint: constraints.Identifier = None,
        *,
        name: str | None = None,
        trainable: bool = True,
    ):
        super().__init__(
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            kernel_constraint,
            bias_constraint,
            name=name,
            trainable=trainable,
        )
        self.units = arguments.positive("Dense units", units)

    def spec(self, *in_shapes: Shape) -> Spec:
        shape = arguments.one_shape(self, in_shapes)
        if not shape:
            raise ShapeError(f"{self!r}: expected rows of features (N, ..., C), got (N,)")
        return Spec((*shape[:-1], self.units), self.weights((shape[-1], self.units), self.units))

    def product(self, ctx: Context, x: Array, kernel: Array, bias: Array | None) -> Array:
        y = ctx.k.matmul(rows(x), kernel, bias, ctx.activation)  # (N*..., units)
        return y.reshape(*x.shape[:-1], self.units)  # (N, ..., units)

    def kernel_gradient(self, ctx: Context, x: Array, dy: Array, out: Array | None) -> Array:
        return ctx.k.matmul(rows(x).T, rows(dy), None, None, out)  # (C, units)

    def input_gradient(self, ctx: Context, dy: Array, kernel: Array, shape: Shape) -> Array:
        return ctx.k.matmul(rows(dy), kernel.T).reshape(shape)  # (N, ..., C)


def rows(x: Array) -> Array:
    """(N, ..., C) as a matrix (N*..., C)."""
    return x.reshape(-1, x.shape[-1])
