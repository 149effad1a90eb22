"""Pooling: one number for each window of each channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from nnscratch.core.context import Context
from nnscratch.core.layer import Gradients, Layer, Output, Shape, Spec, Values
from nnscratch.kernels.geometry import Pair, Window
from nnscratch.kernels.ops import Array
from nnscratch.layers import arguments

__all__ = [
    "AveragePooling2D",
    "AvgPool2D",
    "GlobalAveragePooling2D",
    "GlobalAvgPool2D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling2D",
    "MaxPool2D",
    "MaxPooling2D",
]


class Pooling2D(Layer):
    """Base of pooling by a window that slides over each channel of an image."""

    role = "pooling"

    def __init__(
        self,
        pool_size: int | Sequence[int],
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        *,
        name: str | None = None,
    ):
        super().__init__(name=name)
        kind = type(self).__name__
        self.pool_size = arguments.pair(f"{kind} pool_size", pool_size)
        self.strides = self.pool_size
        if strides is not None:
            self.strides = arguments.pair(f"{kind} strides", strides)
        self.padding = arguments.padding(f"{kind} padding", padding)

    def spec(self, *in_shapes: Shape) -> Spec:
        image, channels = arguments.image_shape(self, in_shapes)
        rows, columns = arguments.window_output(self, self.window(image), image)
        return Spec((rows, columns, channels))

    def window(self, image: Pair) -> Window:
        """The window for images of (height, width)."""
        return Window.fit(self.pool_size, self.strides, (1, 1), self.padding, image)


class MaxPooling2D(Pooling2D):
    """The largest number of each window.

    Shapes: x (N, H, W, C) -> y (N, OH, OW, C).
    Forward: y = max of x over the window; padding never wins.
    Backward: dx is the sum of the dy of those windows in which the cell won; the first one, row by
        row, where several are largest.
    Cache: where in its window each winner stood, and the images' size.
    Source: Zhou & Chellappa 1988, "Computation of optical flow using a neural network".

    Args:
        pool_size: (rows, columns) of the window, or one number for both.
        strides: how far it moves; by its own size unless given.
        padding: "valid", or "same" for ceil(length / stride) outputs.
        name: of the layer.

    Raises:
        ArgumentError, UnknownNameError: an argument makes no sense.
        ShapeError: inputs that are no images, or a window that does not fit.
    """

    class Cache(NamedTuple):
        """What backward needs."""

        image: Pair
        place: Array

    def __init__(
        self,
        pool_size: int | Sequence[int] = (2, 2),
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        *,
        name: str | None = None,
    ):
        super().__init__(pool_size, strides, padding, name=name)

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        image = x.shape[1:3]
        y, place = ctx.k.max_pool2d(x, self.window(image))
        return Output(y, self.Cache(image, place))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        image, place = cache
        return Gradients((ctx.k.max_pool2d_gradient(dy, place, self.window(image), image),))


class AveragePooling2D(Pooling2D):
    """The mean of each window.

    Shapes: x (N, H, W, C) -> y (N, OH, OW, C).
    Forward: y = mean of x over the window's cells inside the image; padding is not counted.
    Backward: each dy is shared equally by those cells; dx is the sum of a cell's shares.
    Cache: the images' size, which says how many cells each window has inside them.
    Source: LeCun et al. 1989, "Backpropagation applied to handwritten zip code recognition".

    Args:
        pool_size: (rows, columns) of the window, or one number for both. As in Keras 3.15 it has
            no default.
        strides: how far it moves; by its own size unless given.
        padding: "valid", or "same" for ceil(length / stride) outputs.
        name: of the layer.

    Raises:
        ArgumentError, UnknownNameError: an argument makes no sense.
        ShapeError: inputs that are no images, or a window that does not fit.
    """

    class Cache(NamedTuple):
        """What backward needs."""

        image: Pair

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        image = x.shape[1:3]
        return Output(ctx.k.average_pool2d(x, self.window(image)), self.Cache(image))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        (image,) = cache
        return Gradients((ctx.k.average_pool2d_gradient(dy, self.window(image), image),))


class GlobalPooling2D(Layer):
    """Base of pooling by one window, the whole image."""

    role = "pooling"

    pooling: ClassVar[type[Pooling2D]]

    def __init__(self, keepdims: bool = False, *, name: str | None = None):
        super().__init__(name=name)
        self.keepdims = arguments.flag(f"{type(self).__name__} keepdims", keepdims)

    def spec(self, *in_shapes: Shape) -> Spec:
        _, channels = arguments.image_shape(self, in_shapes)
        return Spec((1, 1, channels) if self.keepdims else (channels,))

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        y, cache, _ = self.pooling(x.shape[1:3]).forward(ctx, params, state, x)  # (N, 1, 1, C)
        return Output(y if self.keepdims else y[:, 0, 0], cache)  # (N, C)

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        pixel = dy if self.keepdims else dy[:, None, None, :]  # (N, 1, 1, C)
        return self.pooling(cache.image).backward(ctx, params, cache, pixel)


class GlobalMaxPooling2D(GlobalPooling2D):
    """The largest number of each channel.

    Shapes: x (N, H, W, C) -> y (N, C), or (N, 1, 1, C) with keepdims.
    Forward, Backward, Cache: MaxPooling2D's, with one window of the whole image.

    Raises:
        ArgumentError: keepdims is neither True nor False.
        ShapeError: inputs that are no images.
    """

    pooling = MaxPooling2D


class GlobalAveragePooling2D(GlobalPooling2D):
    """The mean of each channel.

    Shapes: x (N, H, W, C) -> y (N, C), or (N, 1, 1, C) with keepdims.
    Forward, Backward, Cache: AveragePooling2D's, with one window of the whole image.
    Source: Lin et al. 2013, arXiv:1312.4400.

    Raises:
        ArgumentError: keepdims is neither True nor False.
        ShapeError: inputs that are no images.
    """

    pooling = AveragePooling2D


# Keras's second names.
AvgPool2D = AveragePooling2D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalMaxPool2D = GlobalMaxPooling2D
MaxPool2D = MaxPooling2D
