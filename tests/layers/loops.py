"""Sliding windows in plain loops, sharing nothing with the package."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

import numpy as np

from nnscratch.kernels.ops import Array

Pair = tuple[int, int]
Place = tuple[int, int, Array]
"""Row and column of an output, and the values under its window: (cells, channels), row by row."""


def first_cells(length: int, size: int, stride: int, dilation: int, padding: str) -> list[int]:
    """Where each window starts along one axis; negative in the padding."""
    reach = dilation * (size - 1)
    if padding == "valid":
        return [start for start in range(0, length, stride) if start + reach < length]
    outputs = ceil(length / stride)
    missing = max(0, (outputs - 1) * stride + reach + 1 - length)
    return [number * stride - missing // 2 for number in range(outputs)]


def cells(image: Array, size: Pair, strides: Pair, dilation: Pair, padding: str) -> Iterator[Place]:
    """Every window of an image (H, W, C); cells outside are NaN."""
    height, width, channels = image.shape
    tops = first_cells(height, size[0], strides[0], dilation[0], padding)
    lefts = first_cells(width, size[1], strides[1], dilation[1], padding)
    for p, top in enumerate(tops):
        for q, left in enumerate(lefts):
            values = []
            for i in range(size[0]):
                for j in range(size[1]):
                    row, column = top + i * dilation[0], left + j * dilation[1]
                    inside = 0 <= row < height and 0 <= column < width
                    values.append(image[row, column] if inside else [np.nan] * channels)
            yield p, q, np.array(values)


def conv2d(
    x: Array,
    kernel: Array,
    strides: Pair = (1, 1),
    padding: str = "valid",
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Array:
    """Cross-correlation of images (N, H, W, C) with a kernel (kh, kw, C/groups, filters)."""
    kh, kw, depth, filters = kernel.shape
    taps = kernel.reshape(kh * kw, depth, filters)
    outputs: dict[tuple[int, ...], float] = {}
    for n, image in enumerate(x):
        for p, q, window in cells(image, (kh, kw), strides, dilation, padding):
            for o in range(filters):
                group = o // (filters // groups)
                own = np.nan_to_num(window[:, group * depth : (group + 1) * depth])
                outputs[n, p, q, o] = float(np.sum(own * taps[:, :, o]))
    return assemble(outputs)


def pool2d(x: Array, size: Pair, strides: Pair, padding: str, mode: str) -> Array:
    """Maximum or mean over the cells of each window that lie inside the image."""
    reduce = {"max": np.nanmax, "average": np.nanmean}[mode]
    outputs: dict[tuple[int, ...], float] = {}
    for n, image in enumerate(x):
        for p, q, window in cells(image, size, strides, (1, 1), padding):
            for c, value in enumerate(reduce(window, axis=0)):
                outputs[n, p, q, c] = float(value)
    return assemble(outputs)


def assemble(numbers: dict[tuple[int, ...], float]) -> Array:
    """An array from its elements by index."""
    array = np.full([1 + max(places) for places in zip(*numbers, strict=True)], np.nan)
    for place, value in numbers.items():
        array[place] = value
    return array
