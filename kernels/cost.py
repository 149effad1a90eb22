"""How much work an operation is, from the shapes of its arguments.

An addition, multiplication, comparison, root, exponential or logarithm counts as one operation.
A convolution's products with its padding count too, as everywhere in the literature. Traffic is
what no algorithm can avoid: each argument is read once, each result written once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from types import MappingProxyType
from typing import Any

from .geometry import Window
from .ops import Array, Curve

PER_ELEMENT: Mapping[str, int] = MappingProxyType(
    {
        "bias_gradient": 1,
        "moments": 4,
        "batch_norm": 4,
        "batch_norm_gradient": 9,
        "batch_norm_inference_gradient": 6,
        "relu": 2,
        "relu_gradient": 3,
        "prelu": 2,
        "prelu_gradient": 4,
        "elu": 4,
        "elu_gradient": 3,
        "sigmoid": 3,
        "sigmoid_gradient": 3,
        "tanh": 1,
        "tanh_gradient": 3,
        "gelu": 4,
        "gelu_gradient": 9,
        "softmax": 5,
        "softmax_gradient": 4,
        "add": 1,
        "zeros_like": 0,
        "pad": 0,
        "dropout": 2,
        "dropout_gradient": 1,
        "squared_error": 3,
        "absolute_error": 3,
        "binary_cross_entropy": 14,
        "categorical_cross_entropy": 12,
        "sigmoid_cross_entropy": 10,
        "softmax_cross_entropy": 9,
        "statistics": 10,
        "histogram": 4,
    }
)
"""Operations per element of the first argument."""

FROM_SHAPES: Mapping[str, Callable[..., int]] = MappingProxyType(
    {
        "conv2d": lambda x, kernel, window, groups, exact=True, *finish: (
            len(x)
            * prod(window.output_size(x.shape[1:3]))
            * (2 * kernel.size + _finishing(kernel.shape[3], *finish))
        ),
        "conv2d_input_gradient": lambda dy, kernel, window, groups, image, exact=True: (
            2 * prod(dy.shape[:3]) * kernel.size
        ),
        "conv2d_kernel_gradient": lambda x, dy, window, groups, exact=True, out=None: (
            2 * dy.size * prod(window.size) * x.shape[3] // groups
        ),
        "matmul": lambda a, b, bias=None, activation=None, out=None: (
            2 * a.size * b.shape[1] + len(a) * _finishing(b.shape[1], bias, activation)
        ),
        "max_pool2d": lambda x, window: _cells(x, window),
        "max_pool2d_gradient": lambda dy, argmax, window, image: dy.size,
        "average_pool2d": lambda x, window: _cells(x, window),
        "average_pool2d_gradient": lambda dy, window, image: dy.size * (1 + prod(window.size)),
        "concatenate": lambda axis, *xs: 0,
        "sgd": lambda gradient, *rest: gradient.size * (1 + _moves(rest)),
        "momentum": lambda gradient, *rest: gradient.size * (3 + _moves(rest)),
        "rmsprop": lambda gradient, *rest: gradient.size * (8 + _moves(rest)),
        "adagrad": lambda gradient, *rest: gradient.size * (6 + _moves(rest)),
        "adam": lambda gradient, *rest: gradient.size * (11 + _moves(rest)),
        "random_bits": lambda key, count: 0,
    }
)
"""Operations from the arguments; random_bits works on integers, copies do nothing with numbers."""


def _finishing(results: int, bias: Array | None = None, activation: Curve | None = None) -> int:
    each = 0 if activation is None else PER_ELEMENT[activation.op]
    return results * (each + (bias is not None))


def _moves(arguments: tuple[Any, ...]) -> bool:
    """Whether an optimizer's last argument, after scalars, are parameters to be moved."""
    return hasattr(arguments[-1], "size")


def _cells(x: Array, window: Window) -> int:
    n_images, height, width, channels = x.shape
    windows = n_images * prod(window.output_size((height, width))) * channels
    return int(windows * prod(window.size))


def flop(op: str, arguments: tuple[Any, ...]) -> int:
    """Floating-point operations of one call."""
    if op in PER_ELEMENT:
        return PER_ELEMENT[op] * int(arguments[0].size)
    return int(FROM_SHAPES[op](*arguments))


def traffic(arguments: tuple[Any, ...], results: Array | tuple[Array, ...]) -> int:
    """Bytes of all arrays among the arguments, and of all results."""
    results = results if isinstance(results, tuple) else (results,)
    given = [array for array in arguments if not any(array is result for result in results)]
    return sum(array.nbytes for array in (*given, *results) if hasattr(array, "nbytes"))
