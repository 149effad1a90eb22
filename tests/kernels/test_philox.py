from __future__ import annotations

import numpy as np
import pytest

from nnscratch.kernels import BACKENDS, resolve
from nnscratch.kernels.naive.random import Words
from nnscratch.kernels.naive.random import philox as philox_of_integers
from nnscratch.kernels.numpy.random import philox as philox_of_arrays
from nnscratch.kernels.ops import Key

ONES = 2**32 - 1

# philox4x32-10 from the known-answer tests of Random123.
KNOWN: list[tuple[Words, Key, Words]] = [
    (
        (0, 0, 0, 0),
        (0, 0),
        (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8),
    ),
    (
        (ONES, ONES, ONES, ONES),
        (ONES, ONES),
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_integers_give_the_published_words(counter: Words, key: Key, words: Words) -> None:
    assert philox_of_integers(counter, key) == words


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_arrays_give_the_published_words(counter: Words, key: Key, words: Words) -> None:
    counters = np.array([counter, (1, 2, 3, 4), counter], np.uint64)
    assert philox_of_arrays(counters, key)[[0, 2]].tolist() == [list(words)] * 2


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_stream_starts_with_the_published_words(backend: str) -> None:
    words = resolve(backend).ops.random_bits((0, 0), 4)
    assert words.dtype == np.uint32
    assert tuple(words.tolist()) == KNOWN[0][2]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_longer_stream_begins_with_the_shorter(backend: str) -> None:
    random_bits = resolve(backend).ops.random_bits
    long = random_bits((7, 8), 103)
    for count in (0, 1, 5, 64):
        np.testing.assert_array_equal(random_bits((7, 8), count), long[:count])


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_half_of_the_key_names_another_stream(backend: str) -> None:
    random_bits = resolve(backend).ops.random_bits
    streams = {random_bits(key, 8).tobytes() for key in [(1, 1), (1, 2), (2, 1), (2, 2)]}
    assert len(streams) == 4


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dropout_keeps_where_the_word_reaches_the_rate(backend: str, dtype: str) -> None:
    ops = resolve(backend).ops
    x = np.ones((5, 8, 3), dtype)
    y, kept = ops.dropout(x, (3, 4), 0.25)
    words = ops.random_bits((3, 4), x.size).reshape(x.shape)
    assert kept.dtype == np.bool_
    np.testing.assert_array_equal(kept, words >= 2**30)
    np.testing.assert_array_equal(y, np.where(kept, x / x.dtype.type(0.75), 0))


@pytest.mark.parametrize("backend", BACKENDS)
def test_dropout_keeps_a_word_that_equals_the_rate(backend: str) -> None:
    ops = resolve(backend).ops
    word = int(ops.random_bits((3, 4), 1)[0])
    x = np.ones(1)
    assert ops.dropout(x, (3, 4), word / 2**32)[1].all()
    assert not ops.dropout(x, (3, 4), (word + 1) / 2**32)[1].any()
