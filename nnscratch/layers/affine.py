"""Affine: what Conv2D and Dense share, which is all but the product itself."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, NamedTuple

from nnscratch import constraints, initializers, regularizers
from nnscratch.core.context import Context
from nnscratch.core.layer import Gradients, Layer, Output, Param, Shape, Values
from nnscratch.kernels.ops import Array
from nnscratch.layers import activations, arguments


class Affine(Layer):
    """Base of layers that weigh their input by a kernel and add a bias.

    A subclass gives the product, which is linear in x and in the kernel, and its two adjoints.

    Shapes: x (N, ..., C) -> y (N, ..., units); kernel as the subclass declares, bias (units,).
    Forward: y = product of x and kernel + bias.
    Backward: dkernel and dx are the product's adjoints applied to dy; dbias sums dy over all axes
        but the last.
    Cache: x, for dkernel.
    """

    role = "weights"
    applies_activations = True
    fills_room = True

    class Cache(NamedTuple):
        """What backward needs."""

        x: Array

    def __init__(
        self,
        activation: str | Layer | None,
        use_bias: bool,
        kernel_initializer: initializers.Identifier,
        bias_initializer: initializers.Identifier,
        kernel_regularizer: regularizers.Identifier,
        bias_regularizer: regularizers.Identifier,
        kernel_constraint: constraints.Identifier,
        bias_constraint: constraints.Identifier,
        *,
        name: str | None,
        trainable: bool,
    ):
        super().__init__(name=name, trainable=trainable)
        self.activation = activations.get(activation)
        self.use_bias = arguments.flag(f"{type(self).__name__} use_bias", use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    @abstractmethod
    def product(self, ctx: Context, x: Array, kernel: Array, bias: Array | None) -> Array:
        """The product with the bias added, and `ctx.activation` applied."""

    @abstractmethod
    def kernel_gradient(self, ctx: Context, x: Array, dy: Array, out: Array | None) -> Array:
        """dL/dkernel, in `out` if that is there."""

    @abstractmethod
    def input_gradient(self, ctx: Context, dy: Array, kernel: Array, shape: Shape) -> Array:
        """dL/dx, of x's own shape (N, ..., C)."""

    def weights(self, kernel: Shape, units: int) -> dict[str, Param]:
        """The declarations of a kernel of this shape and, unless it was refused, of a bias."""
        declared = {
            "kernel": Param(
                kernel,
                self.kernel_initializer,
                regularizer=self.kernel_regularizer,
                constraint=self.kernel_constraint,
            )
        }
        if self.use_bias:
            declared["bias"] = Param(
                (units,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        return declared

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        return Output(self.product(ctx, x, params["kernel"], params.get("bias")), self.Cache(x))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        (x,) = cache
        room = ctx.room_for("kernel", params["kernel"].shape)
        gradients = {"kernel": self.kernel_gradient(ctx, x, dy, room)}
        if self.use_bias:
            gradients["bias"] = ctx.k.bias_gradient(dy)
        dx = None
        if ctx.input_gradients:
            dx = self.input_gradient(ctx, dy, params["kernel"], x.shape)
        return Gradients((dx,), gradients)
