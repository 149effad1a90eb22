"""Copies: padding and concatenation."""

from __future__ import annotations

from itertools import accumulate
from math import prod
from typing import Any

import numpy as np

from .. import kernel
from ..geometry import Pair
from ..ops import Array
from . import sources
from .launch import contiguous, empty, over, size

EIGHT = 8
"""Arrays that one launch puts side by side."""


def words(x: Array) -> Array:
    """X's bits as unsigned integers, row-major."""
    result: Array = contiguous(x).view(np.dtype(f"u{x.itemsize}"))
    return result


def macros(dtype: np.dtype[Any]) -> dict[str, str]:
    """The macro that says how large elements are."""
    return {"Word": sources.WORDS[dtype.itemsize]}


@kernel("pad", backend="cupy")
def pad(x: Array, pads: tuple[Pair, Pair]) -> Array:
    """Each element of the result finds where it came from."""
    (top, bottom), (left, right) = pads
    n_images, height, width, channels = x.shape
    rows, columns = top + height + bottom, left + width + right
    y = empty((n_images, rows, columns, channels), x.dtype)
    shape = map(size, (height, width, channels, top, left, rows, columns))
    arguments = [words(x), *shape, words(y), size(y.size)]
    over("copies", "pad", y.size, arguments, macros(x.dtype))
    return y


@kernel("concatenate", backend="cupy")
def concatenate(axis: int, *xs: Array) -> Array:
    """Along the axis, a row of each array lies beside those of the others; eight at a time."""
    shape = list(xs[0].shape)
    axis %= len(shape)
    shape[axis] = sum(x.shape[axis] for x in xs)
    y = empty(tuple(shape), xs[0].dtype)
    rows, stride, target = prod(shape[:axis]), prod(shape[axis:]), words(y)
    begin = 0
    for first in range(0, len(xs), EIGHT):
        some = xs[first : first + EIGHT]
        ends = list(accumulate((prod(x.shape[axis:]) for x in some), initial=begin))[1:]
        none = EIGHT - len(some)
        arrays = [*map(words, some), *[None] * none]
        places = map(size, (*ends, *[ends[-1]] * none, begin, stride))
        count = rows * (ends[-1] - begin)
        over("copies", "place", count, [*arrays, *places, target, size(count)], macros(y.dtype))
        begin = ends[-1]
    return y
