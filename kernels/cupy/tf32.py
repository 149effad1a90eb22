"""Convolutions and products by tensor cores, for `precision="tf32"`.

Factors are rounded to TF32, which keeps 10 bits of float32's 23: a relative error of 2^-11 in each
product at most. Sums are float32's, zeros stay zeros. Float64 is as ever.
"""

from __future__ import annotations

from .. import kernel as registered
from .. import table
from ..geometry import Pair, Window
from ..ops import Array, Curve, into
from .conv import choice, implicit_gemm
from .conv.algorithms import Shape
from .finish import Finish
from .launch import contiguous
from .tiles import TENSOR

BACKEND = "cupy:tf32"


def fits(x: Array, shape: Shape) -> bool:
    """Whether tensor cores are of use: in float32, where groups have more than a few channels."""
    return x.dtype.name == "float32" and choice.of(shape) != "direct"


@registered("conv2d", backend=BACKEND)
def conv2d(
    x: Array,
    kernel: Array,
    window: Window,
    groups: int,
    exact: bool = True,
    bias: Array | None = None,
    activation: Curve | None = None,
) -> Array:
    """Pixels by filters."""
    shape = Shape(len(x), x.shape[1:3], x.shape[3], kernel.shape[3], window, groups)
    if not fits(x, shape):
        plain = table()["conv2d", "cupy"]
        result: Array = plain(x, kernel, window, groups, exact, bias, activation)
        return result
    return implicit_gemm.conv2d(x, kernel, window, groups, Finish(bias, activation), TENSOR)


@registered("conv2d_input_gradient", backend=BACKEND)
def conv2d_input_gradient(
    dy: Array, kernel: Array, window: Window, groups: int, image: Pair, exact: bool = True
) -> Array:
    """Cells of the images by channels."""
    channels, filters = kernel.shape[2] * groups, kernel.shape[3]
    if not fits(dy, Shape(len(dy), image, channels, filters, window, groups)):
        plain = table()["conv2d_input_gradient", "cupy"]
        result: Array = plain(dy, kernel, window, groups, image, exact)
        return result
    return implicit_gemm.input_gradient(dy, kernel, window, groups, image, TENSOR)


@registered("conv2d_kernel_gradient", backend=BACKEND)
def conv2d_kernel_gradient(
    x: Array,
    dy: Array,
    window: Window,
    groups: int,
    exact: bool = True,
    out: Array | None = None,
) -> Array:
    """Cells of a window by filters."""
    if not fits(x, Shape(len(x), x.shape[1:3], x.shape[3], dy.shape[3], window, groups)):
        plain = table()["conv2d_kernel_gradient", "cupy"]
        result: Array = plain(x, dy, window, groups, exact, out)
        return result
    return into(out, implicit_gemm.kernel_gradient(x, dy, window, groups, TENSOR))


@registered("matmul", backend=BACKEND)
def matmul(
    a: Array,
    b: Array,
    bias: Array | None = None,
    activation: Curve | None = None,
    out: Array | None = None,
) -> Array:
    """Rows are images of a single cell."""
    if a.dtype.name != "float32":
        result: Array = table()["matmul", "cupy"](a, b, bias, activation, out)
        return result
    x = contiguous(a).reshape(len(a), 1, 1, a.shape[1])
    kernel = contiguous(b).reshape(1, 1, *b.shape)
    y = implicit_gemm.conv2d(x, kernel, Window((1, 1)), 1, Finish(bias, activation), TENSOR)
    return into(out, y.reshape(len(a), b.shape[1]))
