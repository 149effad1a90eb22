"""Layers that move numbers without changing them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from nnscratch.core.context import Context
from nnscratch.core.errors import ShapeError
from nnscratch.core.graph import batched
from nnscratch.core.layer import Gradients, Layer, Output, Shape, Spec, Values
from nnscratch.kernels.geometry import Pair
from nnscratch.kernels.ops import Array
from nnscratch.layers import arguments

__all__ = ["Cropping2D", "Flatten", "Permute", "RepeatVector", "Reshape", "ZeroPadding2D"]


class Reshape(Layer):
    """The same numbers, row by row, in another shape.

    Shapes: x (N, ...) -> y (N, *target_shape), where one length of -1 is found from the others.
    Forward: y = x in row-major order.
    Backward: dx = dy in row-major order.
    Cache: x's shape, to go back to.

    Raises:
        ArgumentError: several -1, or lengths that are not positive whole numbers.
        ShapeError: inputs of another size.
    """

    role = "shape"
    aliases = True

    class Cache(NamedTuple):
        """What backward needs."""

        shape: Shape

    def __init__(self, target_shape: Sequence[int], *, name: str | None = None):
        super().__init__(name=name)
        if not isinstance(target_shape, Sequence):
            raise arguments.ArgumentError(
                f"Reshape target_shape: expected a shape such as (4, -1), got {target_shape!r}"
            )
        self.target_shape = tuple(
            -1 if length == -1 else arguments.positive("Reshape target_shape", length)
            for length in target_shape
        )
        if self.target_shape.count(-1) > 1:
            raise arguments.ArgumentError(
                f"Reshape target_shape: only one length may be -1, got {self.target_shape}"
            )

    def spec(self, *in_shapes: Shape) -> Spec:
        return Spec(self._target(arguments.one_shape(self, in_shapes)))

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        return Output(x.reshape(x.shape[0], *self._target(x.shape[1:])), self.Cache(x.shape))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        return Gradients((dy.reshape(cache.shape),))

    def _target(self, shape: Shape) -> Shape:
        """target_shape with its -1 resolved."""
        size, known = math.prod(shape), math.prod(n for n in self.target_shape if n != -1)
        target = tuple(size // known if n == -1 else n for n in self.target_shape)
        if math.prod(target) != size:
            raise ShapeError(
                f"{self!r}: inputs {batched(shape)} have {size} numbers, "
                f"which {batched(self.target_shape)} does not hold; its lengths must multiply to "
                f"{size}"
            )
        return target


class Flatten(Reshape):
    """All numbers of a row side by side.

    Shapes: x (N, ...) -> y (N, size).
    Forward, Backward, Cache: Reshape's, with target_shape (-1,).
    """

    def __init__(self, *, name: str | None = None):
        super().__init__((-1,), name=name)


class ZeroPadding2D(Layer):
    """Zeros around each image.

    Shapes: x (N, H, W, C) -> y (N, top + H + bottom, left + W + right, C).
    Forward: y = x with zeros around it.
    Backward: dx = dy without its border.
    Cache: nothing: the border is known.

    Args:
        padding: one number for all four sides, (rows, columns) for both sides of each axis, or
            ((top, bottom), (left, right)).
        name: of the layer.

    Raises:
        ArgumentError: padding of another form, or negative.
        ShapeError: inputs that are no images.
    """

    role = "shape"
    aliases = True

    def __init__(
        self,
        padding: int | Sequence[int] | Sequence[Sequence[int]] = (1, 1),
        *,
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.padding = pads("ZeroPadding2D padding", padding)

    def spec(self, *in_shapes: Shape) -> Spec:
        (height, width), channels = arguments.image_shape(self, in_shapes)
        vertical, horizontal = self.padding
        return Spec((height + sum(vertical), width + sum(horizontal), channels))

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        return Output(ctx.k.pad(x, self.padding))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        (top, bottom), (left, right) = self.padding
        height, width = dy.shape[1:3]
        return Gradients((dy[:, top : height - bottom, left : width - right],))


class Cropping2D(Layer):
    """Cuts the border off each image.

    Shapes: x (N, H, W, C) -> y (N, H - top - bottom, W - left - right, C).
    Forward: y = x without its border.
    Backward: dx = dy with zeros around it.
    Cache: nothing: the border is known.

    Args:
        cropping: one number for all four sides, (rows, columns) for both sides of each axis, or
            ((top, bottom), (left, right)).
        name: of the layer.

    Raises:
        ArgumentError: cropping of another form, or negative.
        ShapeError: inputs that are no images, or of which nothing would be left.
    """

    role = "shape"
    aliases = True

    def __init__(
        self,
        cropping: int | Sequence[int] | Sequence[Sequence[int]] = ((0, 0), (0, 0)),
        *,
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.cropping = pads("Cropping2D cropping", cropping)

    def spec(self, *in_shapes: Shape) -> Spec:
        (height, width), channels = arguments.image_shape(self, in_shapes)
        vertical, horizontal = self.cropping
        rows, columns = height - sum(vertical), width - sum(horizontal)
        if rows < 1 or columns < 1:
            raise ShapeError(f"{self!r}: leaves nothing of images {(height, width)}; crop less")
        return Spec((rows, columns, channels))

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        (top, bottom), (left, right) = self.cropping
        height, width = x.shape[1:3]
        return Output(x[:, top : height - bottom, left : width - right])

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        return Gradients((ctx.k.pad(dy, self.cropping),))


class Permute(Layer):
    """The same numbers with their axes in another order.

    Shapes: x (N, ...) -> y (N, ...), whose axis i is axis dims[i - 1] of x.
    Forward: y = x with its axes moved.
    Backward: dx = dy with its axes moved back.
    Cache: nothing: the order is known.

    Args:
        dims: the new order of the axes, which count from 1: the batch axis stays.
        name: of the layer.

    Raises:
        ArgumentError: dims that are not 1, 2, 3 ... in some order.
        ShapeError: inputs with another number of axes.
    """

    role = "shape"
    aliases = True

    def __init__(self, dims: Sequence[int], *, name: str | None = None):
        super().__init__(name=name)
        given = tuple(dims) if isinstance(dims, Sequence) else (dims,)
        self.dims = tuple(arguments.positive("Permute dims", axis) for axis in given)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise arguments.ArgumentError(
                f"Permute dims: expected the axes 1, 2 ... each once, in some order, got {dims!r}"
            )

    def spec(self, *in_shapes: Shape) -> Spec:
        shape = arguments.one_shape(self, in_shapes)
        if len(shape) != len(self.dims):
            raise ShapeError(
                f"{self!r}: expected inputs with {len(self.dims)} axes after the batch axis, got "
                f"{batched(shape)}"
            )
        return Spec(tuple(shape[axis - 1] for axis in self.dims))

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        return Output(x.transpose(0, *self.dims))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        back = [self.dims.index(axis) + 1 for axis in range(1, len(self.dims) + 1)]
        return Gradients((dy.transpose(0, *back),))


class RepeatVector(Layer):
    """Each row several times, one below the other.

    Shapes: x (N, C) -> y (N, n, C).
    Forward: y[:, i] = x for each i.
    Backward: dx = sum of dy over the repetitions.
    Cache: nothing.

    Raises:
        ArgumentError: n is not a positive whole number.
        ShapeError: inputs that are no vectors.
    """

    role = "shape"

    def __init__(self, n: int, *, name: str | None = None):
        super().__init__(name=name)
        self.n = arguments.positive("RepeatVector n", n)

    def spec(self, *in_shapes: Shape) -> Spec:
        shape = arguments.one_shape(self, in_shapes)
        if len(shape) != 1:
            raise ShapeError(f"{self!r}: expected vectors (N, C), got {batched(shape)}")
        return Spec((self.n, *shape))

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        return Output(ctx.xp.repeat(x[:, None, :], self.n, axis=1))  # (N, n, C)

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        return Gradients((ctx.xp.sum(dy, axis=1),))  # (N, C)


def pads(what: str, padding: object) -> tuple[Pair, Pair]:
    """((top, bottom), (left, right)) from one whole number, two, or two pairs of them."""
    axes = padding if isinstance(padding, Sequence) else (padding, padding)
    sides = [axis if isinstance(axis, Sequence) else (axis, axis) for axis in axes]
    if len(sides) != 2 or any(len(side) != 2 for side in sides):
        raise arguments.ArgumentError(
            f"{what}: expected a number, (rows, columns) or ((top, bottom), (left, right)), "
            f"got {padding!r}"
        )
    (top, bottom), (left, right) = ([arguments.whole(what, n, 0) for n in side] for side in sides)
    return (top, bottom), (left, right)
