"""Philox4x32-10, and dropout from it.

A counter-based generator: a word depends on its number and the key alone, not on words before it,
so the elements of a mask can be made in any order and on any device.

Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

from math import floor

import numpy as np

from .. import kernel
from ..ops import Array, Key
from .scalars import rounded

WORD = 2**32
Words = tuple[int, int, int, int]


def philox(counter: Words, key: Key) -> Words:
    """Four random words: ten rounds of multiplying, crossing over, and advancing the key."""
    a, b, c, d = counter
    left, right = key
    for _ in range(10):
        high_a, low_a = divmod(a * 0xD2511F53, WORD)
        high_c, low_c = divmod(c * 0xCD9E8D57, WORD)
        a, b, c, d = high_c ^ b ^ left, low_c, high_a ^ d ^ right, low_a
        left, right = (left + 0x9E3779B9) % WORD, (right + 0xBB67AE85) % WORD
    return a, b, c, d


@kernel("random_bits", backend="naive")
def random_bits(key: Key, count: int) -> Array:
    """Word by word; each counter's four words are made again for each of them."""
    words = np.empty(count, np.uint32)
    for i in range(count):
        words[i] = philox((i // 4, 0, 0, 0), key)[i % 4]
    return words


@kernel("dropout", backend="naive")
def dropout(x: Array, key: Key, rate: float) -> tuple[Array, Array]:
    """One word for each element, in row-major order."""
    words = random_bits(key, x.size)
    y, kept = np.zeros(x.shape, x.dtype), np.zeros(x.shape, np.bool_)
    for i, place in enumerate(np.ndindex(x.shape)):
        if words[i] >= floor(rate * WORD):
            kept[place] = True
            y[place] = float(x[place]) / rounded(1 - rate, x)
    return y, kept


@kernel("dropout_gradient", backend="naive")
def dropout_gradient(dy: Array, kept: Array, rate: float) -> Array:
    """Each kept element hands back its dy, scaled as it was."""
    dx = np.zeros(dy.shape, dy.dtype)
    for place in np.ndindex(dy.shape):
        if kept[place]:
            dx[place] = float(dy[place]) / rounded(1 - rate, dy)
    return dx
