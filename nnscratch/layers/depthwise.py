"""Convolutions that look at each channel by itself: DepthwiseConv2D and SeparableConv2D."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from nnscratch import constraints, initializers, regularizers
from nnscratch.core.context import Context
from nnscratch.core.layer import (
    Gradients,
    Layer,
    Operation,
    Output,
    Shape,
    Spec,
    Values,
    stand_in,
)
from nnscratch.kernels.geometry import Pair, Window
from nnscratch.kernels.ops import Array
from nnscratch.layers import activations, arguments
from nnscratch.layers.conv import Conv2D

__all__ = ["DepthwiseConv2D", "SeparableConv2D"]


class DepthwiseConv2D(Layer):
    """Slides kernels over each channel by itself: Conv2D with a group for each channel.

    Shapes: x (N, H, W, C) -> y (N, OH, OW, C depth_multiplier); kernel (kh, kw, C,
        depth_multiplier), bias (C depth_multiplier,).
    Forward, Backward, Cache: Conv2D's, with groups=C and the kernel as (kh, kw, 1, C
        depth_multiplier).
    Source: Sifre & Mallat 2014, "Rigid-motion scattering for image classification".

    Raises:
        ArgumentError, UnknownNameError: an argument makes no sense.
        ShapeError: inputs that are no images, or a window that does not fit.
    """

    role = "weights"
    applies_activations = True

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1),
        padding: str = "valid",
        depth_multiplier: int = 1,
        dilation_rate: int | Sequence[int] = (1, 1),
        activation: str | Layer | None = None,
        use_bias: bool = True,
        depthwise_initializer: initializers.Identifier = "glorot_uniform",
        bias_initializer: initializers.Identifier = "zeros",
        depthwise_regularizer: regularizers.Identifier = None,
        bias_regularizer: regularizers.Identifier = None,
        depthwise_constraint: constraints.Identifier = None,
        bias_constraint: constraints.Identifier = None,
        *,
        name: str | None = None,
        trainable: bool = True,
    ):
        super().__init__(name=name, trainable=trainable)
        kind = type(self).__name__
        self.kernel_size = arguments.pair(f"{kind} kernel_size", kernel_size)
        self.strides = arguments.pair(f"{kind} strides", strides)
        self.padding = arguments.padding(f"{kind} padding", padding)
        self.depth_multiplier = arguments.positive(f"{kind} depth_multiplier", depth_multiplier)
        self.dilation_rate = arguments.pair(f"{kind} dilation_rate", dilation_rate)
        self.activation = activations.get(activation)
        self.use_bias = arguments.flag(f"{kind} use_bias", use_bias)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def window(self, image: Pair) -> Window:
        """The window, where it slides over images of that height and width."""
        return Window.fit(self.kernel_size, self.strides, self.dilation_rate, self.padding, image)

    def spec(self, *in_shapes: Shape) -> Spec:
        image, channels = arguments.image_shape(self, in_shapes)
        arguments.window_output(self, self.window(image), image)
        output_shape, params = vars(self._grouped(channels).spec(*in_shapes)).values()
        kernel = (*self.kernel_size, channels, self.depth_multiplier)
        return Spec(
            output_shape, {**params, "kernel": dataclasses.replace(params["kernel"], shape=kernel)}
        )

    def operations(self, *xs: Array) -> Sequence[Operation]:
        return self._grouped(xs[0].shape[3]).operations(*xs)

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        channels = xs[0].shape[3]
        return self._grouped(channels).forward(ctx, as_groups(params), state, *xs)

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        grouped = self._grouped(cache.x.shape[3])
        inputs, gradients = grouped.backward(ctx, as_groups(params), cache, dy)
        own = gradients["kernel"].reshape(params["kernel"].shape)  # (kh, kw, C, multiplier)
        return Gradients(inputs, {**gradients, "kernel": own})

    def _grouped(self, channels: int) -> Conv2D:
        """The same as a convolution of images with that many channels."""
        return Conv2D(
            channels * self.depth_multiplier,
            self.kernel_size,
            self.strides,
            self.padding,
            self.dilation_rate,
            channels,
            None,
            self.use_bias,
            self.depthwise_initializer,
            self.bias_initializer,
            self.depthwise_regularizer,
            self.bias_regularizer,
            self.depthwise_constraint,
            self.bias_constraint,
        )


def as_groups(params: Values) -> Values:
    """A depthwise kernel (kh, kw, C, multiplier) as Conv2D's, (kh, kw, 1, C * multiplier)."""
    kernel = params["kernel"]
    return {**params, "kernel": kernel.reshape(*kernel.shape[:2], 1, -1)}


class SeparableConv2D(Layer):
    """Looks at places and at channels one after the other: a depthwise and a 1x1 convolution.

    Shapes: x (N, H, W, C) -> y (N, OH, OW, filters); depthwise_kernel (kh, kw, C,
        depth_multiplier), pointwise_kernel (1, 1, C depth_multiplier, filters), bias (filters,).
    Forward: y = Conv2D(filters, 1) of DepthwiseConv2D without a bias of x.
    Backward: that of the one, then that of the other.
    Cache: both caches: x, and what lies between.
    Source: Chollet 2016, arXiv:1610.02357.

    Raises:
        ArgumentError, UnknownNameError: an argument makes no sense.
        ShapeError: inputs that are no images, or a window that does not fit.
    """

    role = "weights"
    applies_activations = True

    class Cache(NamedTuple):
        """What backward needs."""

        depthwise: Any
        pointwise: Any

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1),
        padding: str = "valid",
        dilation_rate: int | Sequence[int] = (1, 1),
        depth_multiplier: int = 1,
        activation: str | Layer | None = None,
        use_bias: bool = True,
        depthwise_initializer: initializers.Identifier = "glorot_uniform",
        pointwise_initializer: initializers.Identifier = "glorot_uniform",
        bias_initializer: initializers.Identifier = "zeros",
        depthwise_regularizer: regularizers.Identifier = None,
        pointwise_regularizer: regularizers.Identifier = None,
        bias_regularizer: regularizers.Identifier = None,
        depthwise_constraint: constraints.Identifier = None,
        pointwise_constraint: constraints.Identifier = None,
        bias_constraint: constraints.Identifier = None,
        *,
        name: str | None = None,
        trainable: bool = True,
    ):
        super().__init__(name=name, trainable=trainable)
        kind = "SeparableConv2D"  # which somebody called, not what it is made of
        self.activation = activations.get(activation)
        self.depthwise = DepthwiseConv2D(
            arguments.pair(f"{kind} kernel_size", kernel_size),
            arguments.pair(f"{kind} strides", strides),
            arguments.padding(f"{kind} padding", padding),
            arguments.positive(f"{kind} depth_multiplier", depth_multiplier),
            arguments.pair(f"{kind} dilation_rate", dilation_rate),
            use_bias=False,
            depthwise_initializer=depthwise_initializer,
            depthwise_regularizer=depthwise_regularizer,
            depthwise_constraint=depthwise_constraint,
        )
        self.pointwise = Conv2D(
            arguments.positive(f"{kind} filters", filters),
            1,
            use_bias=arguments.flag(f"{kind} use_bias", use_bias),
            kernel_initializer=pointwise_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=pointwise_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=pointwise_constraint,
            bias_constraint=bias_constraint,
        )

    def spec(self, *in_shapes: Shape) -> Spec:
        image, _ = arguments.image_shape(self, in_shapes)
        arguments.window_output(self, self.depthwise.window(image), image)
        between = self.depthwise.spec(*in_shapes)
        after = self.pointwise.spec(between.output_shape)
        return Spec(after.output_shape, joined(between.params, after.params))

    def operations(self, *xs: Array) -> Sequence[Operation]:
        (x,) = xs
        between = (len(x), *self.depthwise.spec(x.shape[1:]).output_shape)
        after = self.pointwise.operations(stand_in(between, x.dtype))
        return (*self.depthwise.operations(x), *after)

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        first, second = parted(params)
        plain = ctx._replace(activation=None)
        between = self.depthwise.forward(plain, first, state, *xs)
        after = self.pointwise.forward(ctx, second, state, between.y)
        return Output(after.y, self.Cache(between.cache, after.cache))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        first, second = parted(params)
        through = ctx._replace(input_gradients=True)
        (dbetween,), after = self.pointwise.backward(through, second, cache.pointwise, dy)
        assert dbetween is not None
        inputs, before = self.depthwise.backward(ctx, first, cache.depthwise, dbetween)
        return Gradients(inputs, joined(before, after))


def joined(depthwise: Mapping[str, Any], pointwise: Mapping[str, Any]) -> dict[str, Any]:
    """What belongs to the weights of both convolutions, by this layer's names."""
    named = {"depthwise_kernel": depthwise["kernel"], "pointwise_kernel": pointwise["kernel"]}
    return named | {name: value for name, value in pointwise.items() if name == "bias"}


def parted(params: Values) -> tuple[Values, Values]:
    """The weights of the depthwise and of the pointwise convolution, by their own names."""
    rest = {name: value for name, value in params.items() if name == "bias"}
    return {"kernel": params["depthwise_kernel"]}, {"kernel": params["pointwise_kernel"], **rest}
