"""Philox4x32-10 for all counters at once, and dropout from it.

Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

from math import floor

import numpy as np

from .. import kernel
from ..ops import Array, Key

WORD = 0xFFFFFFFF


def philox(counters: Array, key: Key) -> Array:
    """Four random words for each counter: uint64 (M, 4) -> uint64 (M, 4), all below 2**32.

    A round multiplies two words to 64 bits and crosses the halves over with the other two words
    and the key. 64-bit integers hold the products; `& WORD` is a low half, `>> 32` a high one.
    """
    a, b, c, d = counters.T
    left, right = key
    for _ in range(10):
        from_a, from_c = a * 0xD2511F53, c * 0xCD9E8D57
        a, b = (from_c >> 32) ^ b ^ left, from_c & WORD
        c, d = (from_a >> 32) ^ d ^ right, from_a & WORD
        left, right = (left + 0x9E3779B9) & WORD, (right + 0xBB67AE85) & WORD
    return np.stack([a, b, c, d], axis=1)


@kernel("random_bits", backend="numpy")
def random_bits(key: Key, count: int) -> Array:
    """Counters 0, 1, 2, ... give four words each; the last one's may be more than are wanted."""
    counters = np.zeros((-(-count // 4), 4), np.uint64)
    counters[:, 0] = np.arange(len(counters))
    return philox(counters, key).ravel()[:count].astype(np.uint32)


@kernel("dropout", backend="numpy")
def dropout(x: Array, key: Key, rate: float) -> tuple[Array, Array]:
    """One word for each element, in row-major order."""
    kept = (random_bits(key, x.size) >= floor(rate * 2**32)).reshape(x.shape)
    return np.where(kept, x / (1 - rate), 0), kept


@kernel("dropout_gradient", backend="numpy")
def dropout_gradient(dy: Array, kept: Array, rate: float) -> Array:
    """The same mask and scale."""
    return np.where(kept, dy / (1 - rate), 0)
