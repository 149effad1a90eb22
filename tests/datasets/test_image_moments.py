from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nnscratch.core.errors import DataError
from nnscratch.datasets import digits, image_moments


def image(rows):
    return np.array(rows, np.float32)[np.newaxis, :, :, np.newaxis]


@pytest.mark.parametrize(
    ("rows", "moments"),
    [
        ([[0, 0, 1], [0, 0, 0]], [1 / 6, 1, 0, 1 / 6, 0]),
        ([[0, 0, 0], [0.5, 0, 0]], [1 / 12, 0, 1, 1 / 6, 0]),
        ([[0.5, 0, 0.5], [0, 1, 0]], [1 / 3, 0.5, 0.5, 0.5, 1]),
        ([[1, 0, 0], [1, 0, 1]], [1 / 2, 1 / 3, 2 / 3, 1 / 2, 2 / 3]),
        ([[0, 0, 0], [0, 0, 0]], [0, 0.5, 0.5, 0, 1]),
        ([[1, 1, 1], [1, 1, 1]], [1, 0.5, 0.5, 1, 1]),
    ],
)
def test_by_hand(rows, moments):
    computed = image_moments(image(rows))
    assert computed.dtype == np.float32
    np.testing.assert_allclose(computed, [moments], rtol=1e-6)


@settings(deadline=None)
@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 3), st.integers(2, 5), st.integers(2, 5), st.just(1)),
        elements=st.floats(0, 1, width=32),
    )
)
def test_always_in_range_and_mirrored(images):
    moments = image_moments(images)
    assert ((moments >= 0) & (moments <= 1)).all()
    mirrored = image_moments(images[:, :, ::-1])
    np.testing.assert_allclose(mirrored[:, 1], 1 - moments[:, 1], atol=1e-6)
    np.testing.assert_allclose(mirrored[:, [0, 2, 3, 4]], moments[:, [0, 2, 3, 4]], atol=1e-6)


def test_they_vary_over_real_images():
    (x, _), _ = digits()
    assert (image_moments(x).std(axis=0) > 0.02).all()


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 4, 4), np.float32),
        np.zeros((2, 4, 4, 3), np.float32),
        np.zeros((2, 1, 4, 1), np.float32),
        np.full((2, 4, 4, 1), 2.0, np.float32),
        np.full((2, 4, 4, 1), -0.1, np.float32),
        np.full((2, 4, 4, 1), np.nan, np.float32),
    ],
)
def test_refuses_what_has_no_moments(images):
    with pytest.raises(DataError, match="image_moments: expected"):
        image_moments(images)
