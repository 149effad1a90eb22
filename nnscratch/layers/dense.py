"""Dense."""

from __future__ import annotations

from typing import Any, NamedTuple

from nnscratch import initializers, regularizers
from nnscratch.core.context import Context
from nnscratch.core.errors import ShapeError
from nnscratch.core.layer import Gradients, Layer, Output, Param, Shape, Spec, Values
from nnscratch.kernels.ops import Array
from nnscratch.layers import activations, arguments


class Dense(Layer):
    """Every output reads every input: one matrix product, on the last axis.

    Shapes: x (N, ..., C) -> y (N, ..., units); kernel (C, units), bias (units,).
    Forward: y = x @ kernel + bias.
    Backward: dkernel = x.T @ dy, dbias sums dy over the rows, dx = dy @ kernel.T.
    Cache: x, for dkernel.

    Raises:
        ShapeError: inputs without a feature axis.
    """

    class Cache(NamedTuple):
        """What backward needs."""

        x: Array

    def __init__(
        self,
        units: int,
        activation: str | Layer | None = None,
        use_bias: bool = True,
        kernel_initializer: initializers.Identifier = "glorot_uniform",
        bias_initializer: initializers.Identifier = "zeros",
        kernel_regularizer: regularizers.Identifier = None,
        bias_regularizer: regularizers.Identifier = None,
        *,
        name: str | None = None,
        trainable: bool = True,
    ):
        super().__init__(name=name, trainable=trainable)
        self.units = arguments.positive("Dense units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)

    def spec(self, *in_shapes: Shape) -> Spec:
        shape = arguments.one_shape(self, in_shapes)
        if not shape:
            raise ShapeError(f"{self!r}: expected rows of features (N, ..., C), got (N,)")
        kernel = (shape[-1], self.units)
        params = {
            "kernel": Param(kernel, self.kernel_initializer, regularizer=self.kernel_regularizer)
        }
        if self.use_bias:
            bias = (self.units,)
            params["bias"] = Param(bias, self.bias_initializer, regularizer=self.bias_regularizer)
        return Spec((*shape[:-1], self.units), params)

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        rows = x.reshape(-1, x.shape[-1])  # (N*..., C)
        y = ctx.k.matmul(rows, params["kernel"])  # (N*..., units)
        if self.use_bias:
            y = ctx.k.add_bias(y, params["bias"])
        return Output(y.reshape(*x.shape[:-1], self.units), self.Cache(x))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        (x,) = cache
        rows = x.reshape(-1, x.shape[-1])  # (N*..., C)
        dy = dy.reshape(-1, self.units)  # (N*..., units)
        gradients = {"kernel": ctx.k.matmul(rows.T, dy)}
        if self.use_bias:
            gradients["bias"] = ctx.k.bias_gradient(dy)
        dx = None
        if ctx.input_gradients:
            dx = ctx.k.matmul(dy, params["kernel"].T).reshape(x.shape)
        return Gradients((dx,), gradients)
