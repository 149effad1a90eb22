from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnscratch.core.errors import DataError
from nnscratch.datasets import pairs


def numbered(count):
    """Images (count, 2, 2, 1) whose pixels are the image's number."""
    return np.broadcast_to(
        np.arange(count, dtype=np.float32)[:, None, None, None], (count, 2, 2, 1)
    )


LABELS = st.lists(st.integers(2, 5), min_size=2, max_size=4).flatmap(
    lambda sizes: st.permutations([c * 7 - 3 for c, size in enumerate(sizes) for _ in range(size)])
)


@settings(deadline=None)
@given(LABELS, st.integers(1, 50), st.integers(0, 100))
def test_pairs_are_what_same_says(labels, count, seed):
    y = np.array(labels)
    (left, right), same = pairs(numbered(len(y)), y, count, seed)
    assert left.shape == right.shape == (count, 2, 2, 1)
    assert same.shape == (count, 1)
    assert same.dtype == np.float32
    a, b = left[:, 0, 0, 0].astype(int), right[:, 0, 0, 0].astype(int)
    np.testing.assert_array_equal(y[a] == y[b], same[:, 0] == 1)
    assert (a != b).all()
    assert same.sum() == count // 2


def test_every_partner_is_equally_likely():
    y = np.array([0, 1, 0, 1, 1, 2, 2])
    (left, right), same = pairs(numbered(7), y, 60_000)
    a, b = left[:, 0, 0, 0].astype(int), right[:, 0, 0, 0].astype(int)
    drawn = np.zeros((7, 7))
    np.add.at(drawn, (a, b), 1)
    alike = y[:, None] == y
    size = alike.sum(axis=1, keepdims=True)
    partners = np.where(alike, size - 1, 7 - size)
    expected = 60_000 / 7 / 2 / partners * ~np.eye(7, dtype=bool)
    assert (np.abs(drawn - expected) <= 5 * np.sqrt(expected)).all()
    # The order of the pairs does not tell.
    assert 0.48 < same[:30_000].mean() < 0.52


def test_the_seed_decides():
    y = np.arange(40) % 4
    first, again, other = (pairs(numbered(40), y, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first[0][0], again[0][0])
    np.testing.assert_array_equal(first[0][1], again[0][1])
    np.testing.assert_array_equal(first[1], again[1])
    assert (first[0][0] != other[0][0]).any()


def test_as_many_pairs_as_images_by_default():
    (left, _), _ = pairs(numbered(10), np.arange(10) % 2)
    assert len(left) == 10


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros(4, int), r"two classes or more, got \[0\]"),
        (np.zeros(0, int), "images .* labels"),
        (np.array([0, 0, 1, 0]), "class 1 has a single image"),
        (np.array([0, 0, 1]), r"images \(4, 2, 2, 1\) and labels int64 \(3,\)"),
        (np.array([0.0, 0, 1, 1]), "labels float64"),
        (np.array([[0], [0], [1], [1]]), r"labels int64 \(4, 1\)"),
    ],
)
def test_refuses_labels_without_pairs(y, message):
    with pytest.raises(DataError, match=message):
        pairs(numbered(4), y)


def test_refuses_no_pairs():
    with pytest.raises(ValueError, match="pairs count: expected a whole number >= 1, got 0"):
        pairs(numbered(4), np.array([0, 0, 1, 1]), 0)
