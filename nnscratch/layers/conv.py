"""Conv2D."""

from __future__ import annotations

from collections.abc import Sequence

from nnscratch import constraints, initializers, regularizers
from nnscratch.core.context import Context
from nnscratch.core.errors import ShapeError
from nnscratch.core.layer import Layer, Operation, Shape, Spec, stand_in
from nnscratch.kernels.geometry import Pair, Window
from nnscratch.kernels.ops import Array
from nnscratch.layers import arguments
from nnscratch.layers.affine import Affine

__all__ = ["Conv2D"]


class Conv2D(Affine):
    """Slides kernels over images: each output channel is one pattern, looked for everywhere.

    Shapes: x (N, H, W, C) -> y (N, OH, OW, filters); kernel (kh, kw, C/groups, filters),
        bias (filters,).
    Forward: y = bias + sum over the window of x * kernel (a cross-correlation: nothing flips).
    Backward: dbias sums dy over N, OH, OW; dkernel correlates x with dy; dx spreads each dy over
        the window that it came from, weighted by the kernel (a transposed convolution).
    Cache: x, for dkernel.
    Source: LeCun et al. 1989, "Backpropagation applied to handwritten zip code recognition".

    Raises:
        ArgumentError, UnknownNameError: an argument makes no sense.
        ShapeError: inputs that are no images, channels that do not divide into the groups, or a
            window that does not fit.
    """

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
        self.filters = arguments.positive("Conv2D filters", filters)
        self.kernel_size = arguments.pair("Conv2D kernel_size", kernel_size)
        self.strides = arguments.pair("Conv2D strides", strides)
        self.padding = arguments.padding("Conv2D padding", padding)
        self.dilation_rate = arguments.pair("Conv2D dilation_rate", dilation_rate)
        self.groups = arguments.positive("Conv2D groups", groups)
        if self.filters % self.groups:
            raise arguments.ArgumentError(
                f"Conv2D groups: {self.filters} filters do not divide into {self.groups} groups; "
                "choose groups that divide both filters and input channels"
            )

    def spec(self, *in_shapes: Shape) -> Spec:
        image, channels = arguments.image_shape(self, in_shapes)
        if channels % self.groups:
            raise ShapeError(
                f"{self!r}: {channels} input channels do not divide into {self.groups} groups; "
                f"choose groups that divide {channels} and {self.filters}"
            )
        rows, columns = arguments.window_output(self, self._window(image), image)
        kernel = (*self.kernel_size, channels // self.groups, self.filters)
        return Spec((rows, columns, self.filters), self.weights(kernel, self.filters))

    def operations(self, *xs: Array) -> Sequence[Operation]:
        (x,) = xs
        image, channels = (x.shape[1], x.shape[2]), x.shape[3]
        window = self._window(image)
        kernel = (*self.kernel_size, channels // self.groups, self.filters)
        w = stand_in(kernel, x.dtype)
        dy = stand_in((len(x), *window.output_size(image), self.filters), x.dtype)
        return (
            Operation("conv2d", (x, w, window, self.groups)),
            Operation("conv2d_input_gradient", (dy, w, window, self.groups, image)),
            Operation("conv2d_kernel_gradient", (x, dy, window, self.groups)),
        )

    def product(self, ctx: Context, x: Array, kernel: Array, bias: Array | None) -> Array:
        window = self._window(x.shape[1:3])
        return ctx.k.conv2d(x, kernel, window, self.groups, ctx.exact, bias, ctx.activation)

    def kernel_gradient(self, ctx: Context, x: Array, dy: Array, out: Array | None) -> Array:
        window = self._window(x.shape[1:3])
        return ctx.k.conv2d_kernel_gradient(x, dy, window, self.groups, ctx.exact, out)

    def input_gradient(self, ctx: Context, dy: Array, kernel: Array, shape: Shape) -> Array:
        image = (shape[1], shape[2])
        window = self._window(image)
        return ctx.k.conv2d_input_gradient(dy, kernel, window, self.groups, image, ctx.exact)

    def _window(self, image: Pair) -> Window:
        return Window.fit(self.kernel_size, self.strides, self.dilation_rate, self.padding, image)
