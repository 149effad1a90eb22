"""The algorithms, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

from ...geometry import Pair, Window
from ...ops import Array
from ..finish import NOTHING, Finish
from . import direct, im2col, implicit_gemm, product


class Shape(NamedTuple):
    """What a choice may heed of a convolution."""

    images: int
    image: Pair
    channels: int
    filters: int
    window: Window
    groups: int


class Algorithm(Protocol):
    """What each module of an algorithm offers."""

    def conv2d(
        self, x: Array, kernel: Array, window: Window, groups: int, finish: Finish = NOTHING
    ) -> Array:
        """As `Ops.conv2d`."""

    def input_gradient(
        self, dy: Array, kernel: Array, window: Window, groups: int, image: Pair
    ) -> Array:
        """As `Ops.conv2d_input_gradient`."""

    def kernel_gradient(self, x: Array, dy: Array, window: Window, groups: int) -> Array:
        """As `Ops.conv2d_kernel_gradient`."""


ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType(
    {
        "im2col": im2col,
        "product": product,
        "direct": direct,
        "implicit_gemm": implicit_gemm,
    }
)
