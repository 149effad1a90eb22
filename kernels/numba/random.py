"""Philox4x32-10, and dropout from it.

A counter-based generator: four words depend on their number and the key alone, not on words before
them, so blocks of a mask are made independently of each other.

Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

from math import floor

import numpy as np

from .. import kernel
from ..ops import Array, Key
from . import launch, memory, parallel
from .jit import compiled
from .launch import elementwise, flat

ROUNDS = 10
LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
FIRST_FACTOR, SECOND_FACTOR = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
LEFT_STEP, RIGHT_STEP = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)

CHUNK = 256
"""Groups of four words that dropout makes at a time: they stay in the innermost cache."""


@compiled()
def philox(left: np.uint64, right: np.uint64, first: int, words: Array) -> None:
    """Fill words (G, 4) with those of counters first, first + 1, ...

    Ten rounds of multiplying 32-bit words to 64 bits, crossing the halves, and advancing the key.
    First, second, third and fourth words are made in arrays of their own, then interleaved: stores
    four apart would keep the rounds from being vectorised.
    """
    firsts, seconds, thirds, fourths = planes = np.empty((4, CHUNK), np.uint32)
    for start in range(0, len(words), CHUNK):
        chunk = words[start : start + CHUNK]
        for i in range(len(chunk)):
            a, b = np.uint64(first + start + i) & LOW, np.uint64(0)
            c, d = np.uint64(0), np.uint64(0)
            key_left, key_right = left, right
            for _ in range(ROUNDS):
                product_a, product_c = a * FIRST_FACTOR, c * SECOND_FACTOR
                a, b = (product_c >> HALF) ^ b ^ key_left, product_c & LOW
                c, d = (product_a >> HALF) ^ d ^ key_right, product_a & LOW
                key_left = (key_left + LEFT_STEP) & LOW
                key_right = (key_right + RIGHT_STEP) & LOW
            firsts[i], seconds[i], thirds[i], fourths[i] = a, b, c, d
        for i in range(len(chunk)):
            for word in range(4):
                chunk[i, word] = planes[word, i]


@compiled()
def _philox_block(
    block: int, _: int, edges: Array, left: np.uint64, right: np.uint64, words: Array
) -> None:
    first, stop = edges[block], edges[block + 1]
    philox(left, right, first, words[first:stop])


@kernel("random_bits", backend="numba")
def random_bits(key: Key, count: int) -> Array:
    """Block by block of counters."""
    words = np.empty((-(-count // 4), 4), np.uint32)
    edges = parallel.edges(len(words), parallel.GRAIN // 4)
    launch.each(_philox_block, len(edges) - 1, edges, np.uint64(key[0]), np.uint64(key[1]), words)
    return words.reshape(-1)[:count]


@compiled()
def _dropout_block(
    block: int,
    _: int,
    edges: Array,
    x: Array,
    left: np.uint64,
    right: np.uint64,
    threshold: np.uint32,
    keep: float,
    y: Array,
    kept: Array,
) -> None:
    """Blocks begin at multiples of 16 elements, groups of words at those of 4."""
    zero = type(keep)(0)
    groups = np.empty((CHUNK, 4), np.uint32)
    words = groups.reshape(groups.size)
    stop = edges[block + 1]
    for start in range(edges[block], stop, words.size):
        philox(left, right, start // 4, groups)
        chunk = slice(start, min(start + words.size, stop))
        x_chunk, y_chunk, kept_chunk = x[chunk], y[chunk], kept[chunk]
        for j in range(y_chunk.size):
            kept_chunk[j] = words[j] >= threshold
            y_chunk[j] = x_chunk[j] / keep if words[j] >= threshold else zero


@kernel("dropout", backend="numba")
def dropout(x: Array, key: Key, rate: float) -> tuple[Array, Array]:
    """Words are made, used and forgotten chunk by chunk."""
    y, kept = memory.empty(x.shape, x.dtype), memory.empty(x.shape, np.dtype(np.bool_))
    left, right = np.uint64(key[0]), np.uint64(key[1])
    threshold, keep = np.uint32(floor(rate * 2**32)), x.dtype.type(1 - rate)
    edges = parallel.edges(x.size, parallel.GRAIN, multiple=16)
    common = edges, flat(x), left, right, threshold, keep
    launch.each(_dropout_block, len(edges) - 1, *common, y.reshape(-1), kept.reshape(-1))
    return y, kept


@compiled()
def _dropout_gradient(dy: Array, kept: Array, keep: float, dx: Array) -> None:
    zero = type(keep)(0)
    for i in range(dx.size):
        dx[i] = dy[i] / keep if kept[i] else zero


@kernel("dropout_gradient", backend="numba")
def dropout_gradient(dy: Array, kept: Array, rate: float) -> Array:
    """Each kept element hands back its dy, scaled as it was."""
    (dx,) = elementwise(_dropout_gradient, [dy, kept], [1 - rate])
    return dx
