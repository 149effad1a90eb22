"""Conv2D."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from nnscratch import initializers, regularizers
from nnscratch.core.context import Context
from nnscratch.core.errors import ShapeError
from nnscratch.core.layer import Gradients, Layer, Output, Param, Shape, Spec, Values
from nnscratch.kernels.geometry import Pair, Window
from nnscratch.kernels.ops import Array
from nnscratch.layers import activations, arguments


class Conv2D(Layer):
    """Slides kernels over images: each output channel is one pattern, looked for everywhere.

    Shapes: x (N, H, W, C) -> y (N, OH, OW, filters); kernel (kh, kw, C/groups, filters),
        bias (filters,).
    Forward: y = bias + sum over the window of x * kernel (a cross-correlation: nothing flips).
    Backward: dbias sums dy over N, OH, OW; dkernel correlates x with dy; dx spreads each dy over
        the window that it came from, weighted by the kernel (a transposed convolution).
    Cache: x, for dkernel.
    Source: LeCun et al. 1989, "Backpropagation applied to handwritten zip code recognition".

    Raises:
        ShapeError: inputs that are no images, channels that do not divide into the groups, or a
            window that does not fit.
    """

    class Cache(NamedTuple):
        """What backward needs."""

        x: Array

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1),
        padding: str = "valid",
        dilation_rate: int | Sequence[int] = (1, 1),
        groups: int = 1,
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
        self.filters = arguments.positive("Conv2D filters", filters)
        self.kernel_size = arguments.pair("Conv2D kernel_size", kernel_size)
        self.strides = arguments.pair("Conv2D strides", strides)
        self.padding = arguments.padding("Conv2D padding", padding)
        self.dilation_rate = arguments.pair("Conv2D dilation_rate", dilation_rate)
        self.groups = arguments.positive("Conv2D groups", groups)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)

    def spec(self, *in_shapes: Shape) -> Spec:
        image, channels = arguments.image_shape(self, in_shapes)
        if channels % self.groups or self.filters % self.groups:
            raise ShapeError(
                f"{self!r}: {channels} input channels and {self.filters} filters must both divide "
                f"into {self.groups} groups"
            )
        rows, columns = arguments.window_output(self, self._window(image), image)
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        kernel = Param(shape, self.kernel_initializer, regularizer=self.kernel_regularizer)
        params = {"kernel": kernel}
        if self.use_bias:
            bias = (self.filters,)
            params["bias"] = Param(bias, self.bias_initializer, regularizer=self.bias_regularizer)
        return Spec((rows, columns, self.filters), params)

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        y = ctx.k.conv2d(x, params["kernel"], self._window(x.shape[1:3]), self.groups)
        if self.use_bias:
            y = ctx.k.add_bias(y, params["bias"])
        return Output(y, self.Cache(x))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        (x,) = cache
        image = x.shape[1:3]
        window = self._window(image)
        gradients = {"kernel": ctx.k.conv2d_kernel_gradient(x, dy, window, self.groups)}
        if self.use_bias:
            gradients["bias"] = ctx.k.bias_gradient(dy)
        dx = None
        if ctx.input_gradients:
            dx = ctx.k.conv2d_input_gradient(dy, params["kernel"], window, self.groups, image)
        return Gradients((dx,), gradients)

    def _window(self, image: Pair) -> Window:
        return Window.fit(self.kernel_size, self.strides, self.dilation_rate, self.padding, image)
