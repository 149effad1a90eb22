"""Cases of every operation: what the tests compare and the benchmarks time.

A case names an operation and lists its arguments: constants, and arrays that are drawn when asked
for, in either dtype. The builders take shapes, so that benchmarks make cases of real layers with
them; what a case costs, `cost.py` reads off its arguments. `CASES` is the table for tests: tiny,
for the naive loops are slow, and crooked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal, NamedTuple

import numpy as np

from . import resolve
from .geometry import Pair, Window
from .ops import Array, Curve

DType = Literal["float32", "float64"]
Shape = tuple[int, ...]
Images = tuple[int, int, int, int]


class Tolerance(NamedTuple):
    """A result is right within tolerance * (|expected| + the array's largest |expected|)."""

    float32: float
    float64: float


ROUNDING = Tolerance(2e-6, 1e-13)
"""For elementwise work and short sums."""

DOUBLE = Tolerance(1e-12, 1e-12)
"""For results that are float64 whatever the arguments hold."""

WINOGRAD = Tolerance(2e-5, 1e-13)
"""For convolutions: Winograd's transforms cost float32 a digit."""


@dataclass(frozen=True)
class Drawn:
    """An argument made by `draw(rng, *arguments before it)`; floats are rounded to the dtype."""

    draw: Callable[..., Array]


@dataclass(frozen=True)
class OpCase:
    """One operation and arguments to try it on."""

    op: str
    name: str
    recipe: tuple[Any, ...]
    tolerance: Tolerance = ROUNDING

    def arguments(self, dtype: DType) -> tuple[Any, ...]:
        """The arguments: new arrays, with the same numbers at each call in either dtype."""
        rng = np.random.default_rng(20)
        arguments: list[Any] = []
        for part in self.recipe:
            value = part.draw(rng, *arguments) if isinstance(part, Drawn) else part
            is_floating = isinstance(value, np.ndarray) and value.dtype.kind == "f"
            arguments.append(value.astype(dtype) if is_floating else value)
        return tuple(arguments)

    def __str__(self) -> str:
        return f"{self.op}[{self.name}]"


Fill = Callable[..., Drawn]
"""Makes an array to draw of a shape."""


# -- what to draw --------------------------------------------------------------------------------


def normal(*shape: int) -> Drawn:
    """Standard normal numbers."""
    return Drawn(lambda rng, *_: rng.standard_normal(shape))


def uniform(*shape: int) -> Drawn:
    """Numbers from [0, 1)."""
    return Drawn(lambda rng, *_: rng.random(shape))


def bits(*shape: int) -> Drawn:
    """0.0 or 1.0."""
    return Drawn(lambda rng, *_: rng.integers(2, size=shape).astype(np.float64))


def one_hot(rows: int, classes: int) -> Drawn:
    """Rows with a single 1."""
    return Drawn(lambda rng, *_: np.eye(classes)[rng.integers(classes, size=rows)])


def distributions(rows: int, classes: int) -> Drawn:
    """Rows of positive numbers that add up to 1."""
    return Drawn(lambda rng, *_: rng.dirichlet(np.ones(classes), rows))


def scaled(factor: float, *shape: int) -> Drawn:
    """Normal numbers of this standard deviation."""
    return Drawn(lambda rng, *_: factor * rng.standard_normal(shape))


def kinks(*shape: int) -> Drawn:
    """Where activations bend, and where careless formulae overflow."""
    values = [-np.inf, -1000, -30, -1, -0.0, 0, 0.25, 0.5, 1, 30, 1000, np.inf, np.nan]
    return Drawn(lambda *_: np.resize(values, shape))


def ties(*shape: int) -> Drawn:
    """A few integers, so that maxima tie, among NaN and stretches of -inf."""
    choice = [-1.0, 0.0, 1.0, -np.inf, np.nan]
    return Drawn(lambda rng, *_: rng.choice(choice, shape, p=[0.15, 0.1, 0.1, 0.6, 0.05]))


def far_from_0(*shape: int) -> Drawn:
    """Numbers whose mean is a thousand times their standard deviation."""
    return Drawn(lambda rng, *_: 1000 + rng.standard_normal(shape))


def far_below_0(*shape: int) -> Drawn:
    """Numbers whose exponentials are all 0."""
    return Drawn(lambda rng, *_: rng.standard_normal(shape) - 1000)


# -- builders ------------------------------------------------------------------------------------


def label(*parts: Any) -> str:
    """A case's name, from what distinguishes it: "2x7x6x4 3x3 same"."""
    return " ".join("x".join(map(str, p)) if isinstance(p, tuple) else str(p) for p in parts)


def convolution(
    images: Images,
    size: Pair,
    filters: int,
    strides: Pair = (1, 1),
    padding: str = "valid",
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Iterator[OpCase]:
    """A convolution of images (N, H, W, C), forward and both gradients."""
    n_images, height, width, channels = images
    image = (height, width)
    window = Window.fit(size, strides, dilation, padding, image)
    x = normal(*images)
    kernel = normal(*size, channels // groups, filters)
    dy = normal(n_images, *window.output_size(image), filters)
    name = label(images, size, filters, "stride", strides, padding, "dilation", dilation, groups)
    finishing = (normal(filters), Curve("elu", (0.7,)))
    finished = (x, kernel, window, groups, True, *finishing)
    yield OpCase("conv2d", f"{name} finished", finished, WINOGRAD)
    for op, recipe in {
        "conv2d": (x, kernel, window, groups),
        "conv2d_input_gradient": (dy, kernel, window, groups, image),
        "conv2d_kernel_gradient": (x, dy, window, groups),
    }.items():
        yield OpCase(op, name, recipe, WINOGRAD)


def pooling(
    images: Images, size: Pair, strides: Pair, padding: str = "valid", fill: Fill = normal
) -> Iterator[OpCase]:
    """Both poolings of images (N, H, W, C), and their gradients."""
    n_images, height, width, channels = images
    image = (height, width)
    window = Window.fit(size, strides, (1, 1), padding, image)
    x = fill(*images)
    dy = normal(n_images, *window.output_size(image), channels)
    argmax = Drawn(lambda rng, _: resolve("numpy").ops.max_pool2d(x.draw(rng), window)[1])
    name = label(images, size, "stride", strides, padding, fill.__name__)
    yield OpCase("max_pool2d", name, (x, window))
    yield OpCase("max_pool2d_gradient", name, (dy, argmax, window, image))
    yield OpCase("average_pool2d", name, (x, window))
    yield OpCase("average_pool2d_gradient", name, (dy, window, image))


def batch_normalisation(shape: tuple[int, int, int]) -> Iterator[OpCase]:
    """Batch normalisation of x (A, C, B)."""
    name, x, dy, epsilon = label(shape), normal(*shape), normal(*shape), 1e-3
    mean, variance, gamma, beta = (draw(shape[1]) for draw in (normal, uniform, normal, normal))
    own_mean = Drawn(lambda rng, dy, x: x.mean(axis=(0, 2)))
    own_variance = Drawn(lambda rng, dy, x, mean: x.var(axis=(0, 2)))
    constants = (mean, variance, gamma, epsilon)
    yield OpCase("moments", name, (Drawn(lambda rng: 5 + 3 * x.draw(rng)),))
    yield OpCase("batch_norm", name, (x, mean, variance, gamma, beta, epsilon))
    yield OpCase("batch_norm_gradient", name, (dy, x, own_mean, own_variance, gamma, epsilon))
    yield OpCase("batch_norm_inference_gradient", name, (dy, x, *constants))


def dense(rows: int, inner: int, columns: int) -> Iterator[OpCase]:
    """The product and the sums of a dense layer."""
    name, y = label((rows, inner, columns)), normal(rows, columns)
    a, bias = normal(rows, inner), normal(columns)
    yield OpCase("matmul", name, (a, normal(inner, columns)))
    weights = scaled(inner**-0.5, inner, columns)  # activations see numbers around 1
    for curve in (None, Curve("relu", (0.0, 6.0, 0.0)), Curve("sigmoid"), Curve("tanh")):
        yield OpCase("matmul", label(name, curve), (a, weights, bias, curve))
    yield OpCase("matmul", label(name, "no bias"), (a, weights, None, Curve("elu", (0.7,))))
    yield OpCase("bias_gradient", name, (y,))


def activations(shape: Shape, fill: Fill = normal) -> Iterator[OpCase]:
    """The activations that act element by element; gradients in terms of x and of y."""
    name, x, dy, y = label(shape, fill.__name__), fill(*shape), normal(*shape), uniform(*shape)

    def own(op: str, *options: float) -> Drawn:
        """What an activation makes of x."""
        return Drawn(lambda rng, dy: getattr(resolve("numpy").ops, op)(x.draw(rng), *options))

    yield OpCase("gelu", name, (x,))
    yield OpCase("gelu_gradient", name, (dy, x))
    yield OpCase("elu", name, (x, 0.7))
    yield OpCase("elu_gradient", name, (dy, own("elu", 0.7), 0.7))
    for op in ("sigmoid", "tanh"):
        yield OpCase(op, name, (x,))
        yield OpCase(f"{op}_gradient", name, (dy, y))
    for options in [(0.0, np.inf, 0.0), (0.3, np.inf, 0.0), (0.1, 1.0, 0.25)]:
        yield OpCase("relu", label(name, options), (x, *options))
        yield OpCase("relu_gradient", label(name, options), (dy, own("relu", *options), *options))


def prelu(shape: Shape, alpha: Shape) -> Iterator[OpCase]:
    """PReLU with an alpha that broadcasts to one of x's (N, ...) rows."""
    x, dy, slopes = normal(*shape), normal(*shape), normal(*alpha)
    yield OpCase("prelu", label(shape, alpha), (x, slopes))
    yield OpCase("prelu_gradient", label(shape, alpha), (dy, x, slopes))


def sums(shape: Shape) -> Iterator[OpCase]:
    """Nothing, and two arrays, added."""
    yield OpCase("zeros_like", label(shape), (normal(*shape),))
    yield OpCase("add", label(shape), (normal(*shape), normal(*shape)))


def padding(images: Images, pads: tuple[Pair, Pair]) -> Iterator[OpCase]:
    """Zeros around images (N, H, W, C)."""
    yield OpCase("pad", label(images, *pads), (normal(*images), pads))


def concatenation(axis: int, *shapes: Shape) -> Iterator[OpCase]:
    """Arrays side by side."""
    yield OpCase("concatenate", label(axis, *shapes), (axis, *(normal(*s) for s in shapes)))


def dropout(shape: Shape, rate: float) -> Iterator[OpCase]:
    """Dropout and its gradient."""
    kept = Drawn(lambda rng, _: rng.random(shape) >= rate)
    yield OpCase("dropout", label(shape, rate), (normal(*shape), (2**32 - 1, 20), rate))
    yield OpCase("dropout_gradient", label(shape, rate), (normal(*shape), kept, rate))


def regression(shape: Shape, target: Fill) -> Iterator[OpCase]:
    """The losses that compare element by element."""
    name, t = label(shape, target.__name__), target(*shape)
    yield OpCase("squared_error", name, (normal(*shape), t))
    yield OpCase("absolute_error", name, (bits(*shape), t))
    yield OpCase("binary_cross_entropy", label(name, "inside"), (uniform(*shape), t, 1e-7))
    yield OpCase("binary_cross_entropy", label(name, "clipped"), (bits(*shape), t, 1e-7))
    yield OpCase("sigmoid_cross_entropy", name, (scaled(30, *shape), t))


def classification(rows: int, classes: int, target: Fill) -> Iterator[OpCase]:
    """Softmax, and the losses that compare row by row."""
    name, t = label((rows, classes), target.__name__), target(rows, classes)
    probabilities, certain = uniform(rows, classes), one_hot(rows, classes)
    yield OpCase("softmax", name, (scaled(30, rows, classes),))
    yield OpCase("softmax_gradient", name, (normal(rows, classes), distributions(rows, classes)))
    yield OpCase("categorical_cross_entropy", label(name, "inside"), (probabilities, t, 1e-7))
    yield OpCase("categorical_cross_entropy", label(name, "clipped"), (certain, t, 1e-7))
    yield OpCase("softmax_cross_entropy", name, (scaled(30, rows, classes), t))
    below = far_below_0(rows, classes)
    yield OpCase("softmax", label(name, "below"), (below,))
    yield OpCase("softmax_cross_entropy", label(name, "below"), (below, t))


def optimizers(count: int) -> Iterator[OpCase]:
    """One update of `count` weights by every rule, with Keras's defaults."""
    gradient, first, second = normal(count), normal(count), uniform(count)
    for moved in ((), (normal(count),)):
        name = label(count, "moving" if moved else "update")
        plain, nesterov = label(name, "plain"), label(name, "nesterov")
        yield OpCase("sgd", name, (gradient, 0.01, *moved))
        yield OpCase("momentum", plain, (gradient, first, 0.01, 0.9, False, *moved))
        yield OpCase("momentum", nesterov, (gradient, first, 0.01, 0.9, True, *moved))
        yield OpCase("rmsprop", name, (gradient, second, 0.001, 0.9, 1e-7, *moved))
        yield OpCase("adagrad", name, (gradient, second, 0.001, 1e-7, *moved))
        yield OpCase("adam", name, (gradient, first, second, 0.001, 0.9, 0.999, 1e-7, *moved))


def statistics(shape: Shape, fill: Fill, *bounds: Pair) -> Iterator[OpCase]:
    """Statistics of segments, of activations and of anything; histograms."""
    name, x = label(shape, fill.__name__), fill(*shape)
    segments = Drawn(lambda *_: np.array(bounds, np.int64).reshape(-1, 2))
    yield OpCase("statistics", name, (x, segments, np.nan, np.nan), DOUBLE)
    yield OpCase("statistics", label(name, "limited"), (x, segments, 0.0, 1.0), DOUBLE)
    for low, high in [(-1.0, 1.0), (999.5, 1001.25)]:
        yield OpCase("histogram", label(name, low, high), (x, low, high, 7))


# -- the table -----------------------------------------------------------------------------------


def convolutions() -> Iterator[OpCase]:
    """Every combination of what a window can do, then the shapes where implementations slip."""
    sizes, strides, dilations = [(3, 3), (2, 3)], [(1, 1), (2, 1), (3, 2)], [(1, 1), (2, 1)]
    for options in product(sizes, [6], strides, ["valid", "same"], dilations, [1, 2]):
        yield from convolution((2, 7, 6, 4), *options)
    for channels in (1, 3, 5):
        yield from convolution((1, 5, 6, channels), (3, 3), 3, padding="same")
    yield from convolution((2, 5, 4, 5), (1, 1), 3)
    yield from convolution((2, 5, 4, 5), (1, 1), 3, strides=(2, 3))
    yield from convolution((2, 5, 4, 3), (3, 3), 6, groups=3)  # depthwise, two filters each
    yield from convolution((1, 2, 3, 3), (5, 4), 2, padding="same")  # larger than the image
    yield from convolution((1, 2, 3, 3), (3, 3), 2, padding="same", strides=(4, 4))
    yield from convolution((1, 2, 3, 3), (3, 2), 2, padding="same", dilation=(3, 4))
    yield from convolution((1, 1, 9, 2), (1, 4), 2, padding="same", strides=(1, 2))
    yield from convolution((3, 4, 5, 2), (4, 5), 3)  # one output pixel
    yield from convolution((1, 4, 5, 19), (3, 3), 35, padding="same")  # wider than a register
    yield from convolution((1, 4, 9, 6), (2, 3), 5, (1, 2), "same", (1, 3))  # both, across
    yield from convolution((1, 3, 4, 37), (2, 3), 70)  # wider than a tile


def poolings() -> Iterator[OpCase]:
    """Apart, touching and overlapping windows, with and without padding and ties."""
    strides = [(1, 1), (2, 2), (3, 2)]
    for options in product([(2, 2), (3, 2)], strides, ["valid", "same"], [normal, ties]):
        yield from pooling((2, 7, 6, 3), *options)
    yield from pooling((1, 2, 3, 1), (5, 4), (1, 1), "same")  # larger than the image
    yield from pooling((1, 4, 5, 2), (4, 5), (4, 5))  # global
    yield from pooling((1, 17, 16, 2), (17, 16), (1, 1))  # more cells than a byte numbers


def table() -> Iterator[OpCase]:
    """The cases of every operation."""
    yield from convolutions()
    yield from poolings()
    for shape in [(6, 5, 1), (2, 3, 7), (1, 4, 6), (40, 17, 1)]:
        yield from batch_normalisation(shape)
    for sizes in [(1, 1, 1), (5, 7, 3), (1, 40, 9), (19, 21, 35)]:
        yield from dense(*sizes)
    for options in product([(13,), (3, 13), (2, 3, 5, 4)], [normal, kinks]):
        yield from activations(*options)
    for alpha in [(3, 5, 4), (1, 1, 4), (3, 1, 1), (4,)]:
        yield from prelu((2, 3, 5, 4), alpha)
    for count in (0, 1, 4, 10, 4097):
        yield OpCase("random_bits", label(count), ((20, 2**32 - 1), count))
    for terms in [(13,), (2, 3, 5, 4)]:
        yield from sums(terms)
    for pads in [((1, 1), (1, 1)), ((0, 2), (3, 0)), ((0, 0), (0, 0))]:
        yield from padding((2, 3, 4, 5), pads)
    for axis in (1, 2, -1):
        yield from concatenation(axis, (2, 3, 4, 5), (2, 3, 4, 5))
    yield from concatenation(-1, (3, 4), (3, 1), (3, 17))
    yield from concatenation(0, (0,), *((n,) for n in range(1, 12)))  # more than are copied at once
    yield from concatenation(1, *((2, n, 3) for n in (1, 0, 2, 1, 1, 3, 1, 1, 2)))
    for rate in (0.0, 0.25, 0.9):
        yield from dropout((3, 5, 7), rate)
    for elements in (uniform, bits):
        yield from regression((3, 5), elements)
    for rows in (distributions, one_hot, normal):
        yield from classification(4, 7, rows)
    yield from classification(3, 67, one_hot)  # longer than a warp, or two registers
    for count in (1, 37):
        yield from optimizers(count)
    for fill in (normal, kinks, ties, bits, far_from_0):
        yield from statistics((3, 5, 7), fill, (0, 105), (7, 7), (90, 101), (50, 51))
    for fill in (normal, far_from_0):
        yield from statistics((9000,), fill, (0, 1), (1, 8999))  # several tiles


CASES = tuple(table())
