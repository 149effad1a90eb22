"""Which algorithm a convolution takes: a pure function of its shape, the same in all directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .algorithms import Shape

FEW = 4
"""Channels, and filters, of a group for which a tile of a product would be mostly empty."""


def of(shape: Shape) -> str:
    """For all three operations."""
    if is_matrix(shape):
        return "product"
    if max(shape.channels, shape.filters) <= FEW * shape.groups:
        return "direct"
    return "implicit_gemm"


def is_matrix(shape: Shape) -> bool:
    """Whether the images are the matrix of their windows: of single cells, or of whole images."""
    size, strides, dilation, pads = shape.window
    if shape.groups > 1 or pads != ((0, 0), (0, 0)):
        return False
    return (size == (1, 1) and strides == (1, 1)) or (size == shape.image and dilation == (1, 1))
