"""A convolution or one of its gradients on arrays, and what it should be.

The right result is that of the NumPy kernels in float64, which are tested against plain loops: a
matrix of all windows (im2col) and a matrix product, for some images at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from benchmarks.conv.kernels import AUTO, NUMBA, Kernels
from benchmarks.conv.layers import Layer
from nnscratch.backend import get_backend
from nnscratch.kernels import resolve
from nnscratch.kernels.numba.conv import Shape
from nnscratch.kernels.ops import Array

LINE = 64
"""Bytes of a cache line."""

ORACLE_BYTES = 1 << 28
"""Of the windows that the right result is computed from at once."""


def aligned(shape: tuple[int, ...]) -> Array:
    """An array in float32 that begins where a cache line does: NumPy's own begin anywhere."""
    size = 4 * math.prod(shape)
    memory = np.empty(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + size].view(np.float32).reshape(shape)


class Operands(NamedTuple):
    """Images (N, H, W, C), the kernel (KH, KW, C, O), and gradients by the outputs."""

    x: Array
    kernel: Array
    dy: Array

    def part(self, images: slice) -> Operands:
        """Some of the images."""
        return Operands(self.x[images], self.kernel, self.dy[images])


class Direction(NamedTuple):
    """Forward, or one of the gradients."""

    operation: str
    """Its name in `Ops`."""
    part: str
    """Its name in `Algorithm`."""
    arguments: Callable[[Operands, Layer], tuple[Any, ...]]


DIRECTIONS: Mapping[str, Direction] = MappingProxyType(
    {
        "forward": Direction(
            "conv2d",
            "conv2d",
            lambda a, layer: (a.x, a.kernel, layer.window, 1),
        ),
        "input_gradient": Direction(
            "conv2d_input_gradient",
            "input_gradient",
            lambda a, layer: (a.dy, a.kernel, layer.window, 1, layer.image),
        ),
        "kernel_gradient": Direction(
            "conv2d_kernel_gradient",
            "kernel_gradient",
            lambda a, layer: (a.x, a.dy, layer.window, 1),
        ),
    }
)


class Case:
    """A layer in one direction, by a backend's kernels."""

    def __init__(self, layer: Layer, direction: str, kernels: Kernels = NUMBA):
        self.layer = layer
        self.kernels = kernels
        self.name = direction
        self.direction = DIRECTIONS[direction]

    @cached_property
    def operands(self) -> Operands:
        """Normal numbers in float32, which begin where a cache line does, as a model's do."""
        rng = np.random.default_rng(0)
        arrays = [aligned(shape) for shape in self.layer.shapes]
        for array in arrays:
            rng.standard_normal(out=array, dtype=np.float32)
        return Operands(*arrays)

    @property
    def arguments(self) -> tuple[Any, ...]:
        """What the operation is called with."""
        return self.direction.arguments(self.operands, self.layer)

    @cached_property
    def there(self) -> tuple[Any, ...]:
        """The same, with arrays where the kernels work on them."""
        put = get_backend(self.kernels.backend).from_host
        return self.direction.arguments(Operands(*map(put, self.operands)), self.layer)

    @property
    def flop(self) -> int:
        """Operations of the direct sum; the three directions have the same products."""
        _, kernel, outputs = self.layer.shapes
        return 2 * math.prod(outputs) * math.prod(kernel[:3])

    @property
    def bytes(self) -> int:
        """Of the arguments and the result, in float32."""
        return 4 * sum(map(math.prod, self.layer.shapes))

    def fits(self, algorithm: str) -> bool:
        """Whether an algorithm can do it."""
        return algorithm == AUTO or self.kernels.fits(algorithm, self.direction.part, self.shape)

    def chosen(self) -> str:
        """The algorithm that a model takes where exact=False."""
        return self.kernels.choose(self.direction.part, self.shape)

    @property
    def shape(self) -> Shape:
        """What the choice depends on."""
        layer = self.layer
        return Shape(layer.images, layer.image, layer.channels, layer.filters, layer.window, 1, 4)

    def work(self, algorithm: str) -> Callable[[], Array]:
        """A call of it."""
        arguments, part = self.there, self.direction.part
        if algorithm == AUTO:
            operation = self.operation(self.kernels.backend)
            return lambda: operation(*arguments, exact=False)
        if part == "conv2d":
            arguments += self.kernels.finish
        function: Callable[..., Array] = getattr(self.kernels.algorithms[algorithm], part)
        return lambda: function(*arguments)

    def work_of(self, backend: str) -> Callable[[], Array]:
        """A call of a backend's operation on the host, as a model makes it where exact=False."""
        operation, arguments = self.operation(backend), self.arguments
        return lambda: operation(*arguments, exact=False)

    def operation(self, backend: str) -> Callable[..., Array]:
        """A backend's function."""
        function: Callable[..., Array] = getattr(resolve(backend).ops, self.direction.operation)
        return function

    def oracle(self) -> Array:
        """The right result, in float64."""
        images, kernel, outputs = self.layer.shapes
        operation = self.operation("numpy")
        windows = 8 * math.prod(outputs[1:3]) * math.prod(kernel[:3])
        together = max(ORACLE_BYTES // windows, 1)
        kernel_gradient = self.name == "kernel_gradient"
        results: list[Array] = []
        for start in range(0, images[0], together):
            part = self.operands.part(slice(start, start + together))
            doubled = Operands(*(array.astype(np.float64) for array in part))
            result = operation(*self.direction.arguments(doubled, self.layer))
            if kernel_gradient and results:
                results[0] += result
            else:
                results.append(result)
        return results[0] if kernel_gradient else np.concatenate(results)
