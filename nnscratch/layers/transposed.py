"""Conv2DTranspose: a convolution's way back."""

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

__all__ = ["Conv2DTranspose"]


class Conv2DTranspose(Affine):
    """Paints a kernel over the output for each input pixel: what Conv2D does to gradients.

    Shapes: x (N, H, W, C) -> y (N, OH, OW, filters), with padding "same" and no output_padding
        OH = H rows; kernel (kh, kw, filters, C), bias (filters,).
    Forward: y = bias + the gradient by its input of a Conv2D with this kernel, of x.
    Backward: dbias sums dy over N, OH, OW; dkernel correlates dy with x; dx = that Conv2D of dy.
    Cache: x, for dkernel.
    Source: Zeiler et al. 2010, "Deconvolutional networks".

    Args:
        filters, kernel_size, strides, padding, dilation_rate: of the Conv2D.
        output_padding: rows and columns beyond the fewest that the Conv2D reads to make x, fewer
            than the strides; None for H rows ("same"), or as far as windows reach ("valid").
        activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer,
            bias_regularizer, kernel_constraint, bias_constraint, name, trainable: see Conv2D.

    Raises:
        ArgumentError, UnknownNameError: an argument makes no sense.
        ShapeError: inputs that are no images, or of which nothing would be left.
    """

    kind = "conv2d_transpose"  # as in Keras; the capitals alone would say conv2dtranspose
    applies_activations = False

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1),
        padding: str = "valid",
        output_padding: int | Sequence[int] | None = None,
        dilation_rate: int | Sequence[int] = (1, 1),
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
        self.filters = arguments.positive("Conv2DTranspose filters", filters)
        self.kernel_size = arguments.pair("Conv2DTranspose kernel_size", kernel_size)
        self.strides = arguments.pair("Conv2DTranspose strides", strides)
        self.padding = arguments.padding("Conv2DTranspose padding", padding)
        self.output_padding = extra_cells(output_padding, self.strides)
        self.dilation_rate = arguments.pair("Conv2DTranspose dilation_rate", dilation_rate)

    def spec(self, *in_shapes: Shape) -> Spec:
        image, channels = arguments.image_shape(self, in_shapes)
        _, (rows, columns) = self._window(image)
        if rows < 1 or columns < 1:
            raise ShapeError(
                f"{self!r}: of images {image} it would make {(rows, columns)}; use a larger "
                "output_padding, or none"
            )
        kernel = (*self.kernel_size, self.filters, channels)
        return Spec((rows, columns, self.filters), self.weights(kernel, self.filters))

    def operations(self, *xs: Array) -> Sequence[Operation]:
        (x,) = xs
        window, image = self._window(x.shape[1:3])
        w = stand_in((*self.kernel_size, self.filters, x.shape[3]), x.dtype)
        dy = stand_in((len(x), *image, self.filters), x.dtype)
        return (
            Operation("conv2d_input_gradient", (x, w, window, 1, image)),
            Operation("conv2d", (dy, w, window, 1)),
            Operation("conv2d_kernel_gradient", (dy, x, window, 1)),
        )

    def product(self, ctx: Context, x: Array, kernel: Array, bias: Array | None) -> Array:
        window, image = self._window(x.shape[1:3])
        y = ctx.k.conv2d_input_gradient(x, kernel, window, 1, image, ctx.exact)
        return y if bias is None else y + bias

    def kernel_gradient(self, ctx: Context, x: Array, dy: Array, out: Array | None) -> Array:
        window, _ = self._window(x.shape[1:3])
        return ctx.k.conv2d_kernel_gradient(dy, x, window, 1, ctx.exact, out)

    def input_gradient(self, ctx: Context, dy: Array, kernel: Array, shape: Shape) -> Array:
        window, _ = self._window((shape[1], shape[2]))
        return ctx.k.conv2d(dy, kernel, window, 1, ctx.exact)

    def _window(self, image: Pair) -> tuple[Window, Pair]:
        """The Conv2D's window, and the size of the images that it reads."""
        return Window.transposed(
            self.kernel_size,
            self.strides,
            self.dilation_rate,
            self.padding,
            self.output_padding,
            image,
        )


def extra_cells(
    output_padding: int | Sequence[int] | None, strides: Pair
) -> tuple[int | None, int | None]:
    """(rows, columns), each fewer than the stride."""
    if output_padding is None:
        return None, None
    what = "Conv2DTranspose output_padding"
    numbers = output_padding if isinstance(output_padding, Sequence) else (output_padding,) * 2
    if len(numbers) != 2:
        raise arguments.ArgumentError(
            f"{what}: expected one whole number or two, got {output_padding!r}"
        )
    rows, columns = (arguments.whole(what, number, 0) for number in numbers)
    if rows >= strides[0] or columns >= strides[1]:
        raise arguments.ArgumentError(
            f"{what}: expected fewer than the strides {strides}, got {output_padding!r}: no window "
            "reaches farther"
        )
    return rows, columns
