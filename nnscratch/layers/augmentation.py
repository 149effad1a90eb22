"""Augmentation: images mirrored and moved at random in training, so that none is twice the same.

Every pixel of the output is one of the input's, or outside of it: numbers are moved, not mixed.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from nnscratch.core.context import Context
from nnscratch.core.errors import ShapeError, look_up
from nnscratch.core.layer import Gradients, Output, Shape, Spec, Values
from nnscratch.kernels.geometry import Pair
from nnscratch.kernels.ops import Array
from nnscratch.layers import arguments
from nnscratch.layers.noise import Noise

__all__ = ["RandomCrop", "RandomFlip", "RandomTranslation"]

OUTSIDE = -1
"""Where an output pixel lies beside the image."""


class Places(NamedTuple):
    """The row and the column of the input that each row and column of the output shows."""

    rows: Array
    """(N, OH), or OUTSIDE."""
    columns: Array
    """(N, OW), or OUTSIDE."""


class Moved(Noise):
    """Base of layers that show other places of each image in training.

    Where they look is drawn as other noise is: see `Noise`.
    """

    role = "shape"
    fill_value: float = 0.0
    """What stands outside."""

    class Cache(NamedTuple):
        """What backward needs."""

        image: Pair
        places: Places | None

    @abstractmethod
    def drawn(self, ctx: Context, uniform: Array, image: Pair) -> Places:
        """Where to look in training, by numbers from [0, 1), float64 (N, 2)."""

    def quiet(self, ctx: Context, count: int, image: Pair) -> Places | None:
        """Where to look otherwise; None: the images as they are."""
        return None

    def spec(self, *in_shapes: Shape) -> Spec:
        arguments.image_shape(self, in_shapes)
        return super().spec(*in_shapes)

    def forward(self, ctx: Context, params: Values, state: Values, *xs: Array) -> Output:
        (x,) = xs
        image = x.shape[1:3]
        if ctx.training:
            bits = ctx.k.random_bits(self.key(ctx), 2 * len(x)).reshape(-1, 2)
            places: Places | None = self.drawn(ctx, bits / 2**32, image)
        else:
            places = self.quiet(ctx, len(x), image)
        if places is None:
            return Output(x, self.Cache(image, None))
        y = x[indices(ctx, places)]  # (N, OH, OW, C)
        y = ctx.xp.where(inside(places), y, x.dtype.type(self.fill_value))
        return Output(y, self.Cache(image, places))

    def backward(self, ctx: Context, params: Values, cache: Any, dy: Array) -> Gradients:
        image, places = cache
        if places is None or not ctx.input_gradients:
            return Gradients((dy if places is None else None,))
        rows = handed_back(ctx, dy, places.rows, image[0])  # (N, H, OW, C)
        turned = ctx.xp.moveaxis(rows, 2, 1)  # (N, OW, H, C)
        dx = handed_back(ctx, turned, places.columns, image[1])  # (N, W, H, C)
        return Gradients((ctx.xp.ascontiguousarray(ctx.xp.moveaxis(dx, 2, 1)),))


def indices(ctx: Context, places: Places) -> tuple[Array, Array, Array]:
    """Image, row and column of every output pixel; any one for what is outside."""
    rows, columns = places
    return ctx.xp.arange(len(rows))[:, None, None], rows[:, :, None], columns[:, None, :]


def handed_back(ctx: Context, dy: Array, places: Array, length: int) -> Array:
    """What lines of the output (N, O, ...) have for those that they show: (N, length, ...).

    Line by line: an image's line may be shown several times, and all additions at once would have
    no order on a GPU.
    """
    dx: Array = ctx.xp.zeros((len(dy), length, *dy.shape[2:]), dy.dtype)
    images = ctx.xp.arange(len(dy))
    for line in range(dy.shape[1]):
        place = places[:, line]  # (N,)
        shown = (place != OUTSIDE)[:, None, None]
        dx[images, place] += ctx.xp.where(shown, dy[:, line], dy.dtype.type(0))
    return dx


def inside(places: Places) -> Array:
    """Which output pixels show one of the image, (N, OH, OW, 1)."""
    rows, columns = (part != OUTSIDE for part in places)
    shown: Array = rows[:, :, None, None] & columns[:, None, :, None]
    return shown


class RandomFlip(Moved):
    """In training, mirrors each image with probability 1/2, by each axis by itself.

    Shapes: x (N, H, W, C) -> y (N, H, W, C).
    Forward: "horizontal": y = x or y = x with its columns in reverse; "vertical": with its rows;
        "horizontal_and_vertical": both, each drawn by itself. Outside training y = x.
    Backward: dx = dy, mirrored where x was.
    Cache: where each row and column came from; None outside training.

    Args:
        mode: which of them.
        seed: joins the run's seed.
        name: of the layer.

    Raises:
        ArgumentError, UnknownNameError: an argument makes no sense.
        ShapeError: inputs that are no images.
    """

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        *,
        name: str | None = None,
    ):
        super().__init__(seed, name=name)
        axes = {
            "horizontal": (False, True),
            "vertical": (True, False),
            "horizontal_and_vertical": (True, True),
        }
        self.mode = mode
        self.axes = look_up("mode of RandomFlip", mode, axes)

    def drawn(self, ctx: Context, uniform: Array, image: Pair) -> Places:
        """Rows and columns in their order, or in reverse."""
        parts = []
        for axis, length in enumerate(image):
            turned = (uniform[:, axis] < 0.5) & self.axes[axis]  # (N,)
            order = ctx.xp.arange(length)
            parts.append(ctx.xp.where(turned[:, None], order[::-1], order))
        return Places(*parts)


def reflected(ctx: Context, places: Array, length: int) -> Array:
    """As a mirror at the border shows it: d c b a | a b c d | d c b a."""
    turn = places % (2 * length)
    shown: Array = ctx.xp.minimum(turn, 2 * length - 1 - turn)
    return shown


def nearest(ctx: Context, places: Array, length: int) -> Array:
    """As the border: a a a a | a b c d | d d d d."""
    shown: Array = ctx.xp.clip(places, 0, length - 1)
    return shown


def wrapped(ctx: Context, places: Array, length: int) -> Array:
    """As the other side: a b c d | a b c d | a b c d."""
    return places % length


def constant(ctx: Context, places: Array, length: int) -> Array:
    """As the fill value."""
    shown: Array = ctx.xp.where((places < 0) | (places >= length), OUTSIDE, places)
    return shown


FILLS: dict[str, Callable[[Context, Array, int], Array]] = {
    "reflect": reflected,
    "nearest": nearest,
    "wrap": wrapped,
    "constant": constant,
}


class RandomTranslation(Moved):
    """In training, shifts each image by whole pixels, by a share of its height and of its width.

    Shapes: x (N, H, W, C) -> y (N, H, W, C).
    Forward: y[i, j] = x[i - s, j - t]; s and t are drawn evenly from what lies within the factors'
        bounds times H and W, and rounded. Beside the image: "reflect" as if a mirror stood at the
        border, "nearest" the border, "wrap" the other side, "constant" the fill value. Outside
        training y = x.
    Backward: dx[i - s, j - t] = dy[i, j], adding up where a pixel is shown several times.
    Cache: where each row and column came from; None outside training.

    Differs from Keras, which shifts by parts of pixels and mixes neighbours.

    Args:
        height_factor: (least, most) share of the height that images move down, or the largest for
            both directions: 0.1 stands for (-0.1, 0.1).
        width_factor: the same of the width, to the right.
        fill_mode: what stands beside the image.
        seed: joins the run's seed.
        fill_value: of "constant".
        name: of the layer.

    Raises:
        ArgumentError, UnknownNameError: an argument makes no sense.
        ShapeError: inputs that are no images.
    """

    def __init__(
        self,
        height_factor: float | Sequence[float],
        width_factor: float | Sequence[float],
        fill_mode: str = "reflect",
        *,
        seed: int | None = None,
        fill_value: float = 0.0,
        name: str | None = None,
    ):
        super().__init__(seed, name=name)
        self.factors = (
            bounds("RandomTranslation height_factor", height_factor),
            bounds("RandomTranslation width_factor", width_factor),
        )
        self.fill_mode = fill_mode
        self.fill = look_up("fill_mode", fill_mode, FILLS)
        self.fill_value = arguments.number("RandomTranslation fill_value", fill_value)

    def drawn(self, ctx: Context, uniform: Array, image: Pair) -> Places:
        """Rows and columns as far before as the image is shifted."""
        parts = []
        for axis, length in enumerate(image):
            low, high = self.factors[axis]
            shift = ctx.xp.rint((low + (high - low) * uniform[:, axis]) * length)  # (N,)
            places = ctx.xp.arange(length) - shift.astype("int64")[:, None]  # (N, length)
            parts.append(self.fill(ctx, places, length))
        return Places(*parts)


def bounds(what: str, factor: float | Sequence[float]) -> tuple[float, float]:
    """(least, most), from both of them or from the largest for both directions."""
    if not isinstance(factor, Sequence):
        most = arguments.number(what, factor, low=0, high=1)
        return -most, most
    if len(factor) != 2:
        raise arguments.ArgumentError(f"{what}: expected a number or (least, most), got {factor!r}")
    least = arguments.number(what, factor[0], low=-1, high=1)
    return least, arguments.number(what, factor[1], low=least, high=1)


class RandomCrop(Moved):
    """In training, cuts a window out of each image, somewhere; otherwise the one in its middle.

    Shapes: x (N, H, W, C) -> y (N, height, width, C).
    Forward: y[i, j] = x[i + s, j + t]; s from 0 to H - height and t from 0 to W - width, each
        equally likely in training, and half of these outside it.
    Backward: dx[i + s, j + t] = dy[i, j], 0 elsewhere.
    Cache: where each row and column came from.

    Differs from Keras, which cuts the same window out of all images of a batch, and outside
    training enlarges or shrinks an image before it cuts.

    Args:
        height, width: of the window.
        seed: joins the run's seed.
        name: of the layer.

    Raises:
        ArgumentError: an argument makes no sense.
        ShapeError: inputs that are no images, or smaller than the window.
    """

    def __init__(
        self, height: int, width: int, seed: int | None = None, *, name: str | None = None
    ):
        super().__init__(seed, name=name)
        self.height = arguments.positive("RandomCrop height", height)
        self.width = arguments.positive("RandomCrop width", width)

    def spec(self, *in_shapes: Shape) -> Spec:
        image, channels = arguments.image_shape(self, in_shapes)
        if self.height > image[0] or self.width > image[1]:
            raise ShapeError(
                f"{self!r}: the window does not fit into images {image}; cut out a smaller one, or "
                "enlarge them: nn.ZeroPadding2D, nn.UpSampling2D"
            )
        return Spec((self.height, self.width, channels))

    def drawn(self, ctx: Context, uniform: Array, image: Pair) -> Places:
        """Windows anywhere."""
        return self._from(ctx, uniform, image)

    def quiet(self, ctx: Context, count: int, image: Pair) -> Places:
        """The windows in the middle."""
        return self._from(ctx, ctx.xp.full((count, 2), 0.5), image)

    def _from(self, ctx: Context, shares: Array, image: Pair) -> Places:
        """Windows so far down and to the right, of the way that they can be."""
        parts = []
        for axis, size in enumerate((self.height, self.width)):
            room = image[axis] - size + 1
            start = ctx.xp.floor(shares[:, axis] * room).astype("int64")
            parts.append(start[:, None] + ctx.xp.arange(size))  # (N, size)
        return Places(*parts)
