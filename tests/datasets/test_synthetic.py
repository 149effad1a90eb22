from __future__ import annotations

import numpy as np
import pytest

from nnscratch.datasets import bars, gaussian_blobs, spirals


@pytest.mark.parametrize(
    ("make", "shape", "classes"),
    [
        (lambda seed: gaussian_blobs(100, 3, 4, seed=seed), (100, 4), 3),
        (lambda seed: spirals(100, 3, seed=seed), (100, 2), 3),
        (lambda seed: bars(100, 6, seed=seed), (100, 6, 6, 1), 2),
    ],
    ids=["gaussian_blobs", "spirals", "bars"],
)
def test_form_balance_and_seed(make, shape, classes):
    x, y = make(0)
    assert x.shape == shape
    assert x.dtype == np.float32
    assert y.dtype == np.int64
    counts = np.bincount(y)
    assert len(counts) == classes
    assert counts.max() - counts.min() <= 1
    again, other = make(0), make(1)
    np.testing.assert_array_equal(x, again[0])
    np.testing.assert_array_equal(y, again[1])
    assert (x != other[0]).any()
    assert (y != other[1]).any()


def test_blobs_lie_round_the_corners_of_a_polygon():
    x, y = gaussian_blobs(8000, classes=4, features=3, spread=0.3)
    corners = np.array([[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]])
    for label, corner in enumerate(corners):
        cloud = x[y == label]
        np.testing.assert_allclose(cloud.mean(0), corner, atol=5 * 0.3 / np.sqrt(2000))
        np.testing.assert_allclose(cloud.std(0), 0.3, rtol=0.1)


def test_spiral_arms_do_not_meet():
    x, y = spirals(600, classes=3, noise=0.0)
    radius = np.hypot(x[:, 0], x[:, 1])
    assert 0.1 <= radius.min() <= radius.max() <= 1.0
    turns = np.arctan2(x[:, 1], x[:, 0]) / (2 * np.pi)
    arm = (turns - radius) * 3
    np.testing.assert_allclose(arm, np.round(arm), atol=1e-5)
    np.testing.assert_array_equal(np.round(arm) % 3, y)


def test_noise_moves_the_points_of_a_spiral():
    still, y = spirals(2000, noise=0.0)
    moved, same_y = spirals(2000, noise=0.1)
    np.testing.assert_array_equal(y, same_y)
    assert (moved - still).std() == pytest.approx(0.1, rel=0.05)


def test_a_bar_fills_one_row_or_one_column():
    x, y = bars(200, size=5)
    assert set(np.unique(x)) == {0.0, 1.0}
    full_rows = x[..., 0].all(axis=2).sum(axis=1)
    full_columns = x[..., 0].all(axis=1).sum(axis=1)
    np.testing.assert_array_equal(full_rows, y == 0)
    np.testing.assert_array_equal(full_columns, y == 1)
    assert (x.sum(axis=(1, 2, 3)) == 5).all()
    assert len(np.unique(x.reshape(200, -1), axis=0)) == 10


def test_no_linear_classifier_separates_bars_but_two_taps_do():
    x, y = bars(200, size=5)
    # The mean image of either class, each bar once, is the same: any linear score ties.
    distinct, first = np.unique(x.reshape(200, -1), axis=0, return_index=True)
    kinds = y[first]
    np.testing.assert_allclose(distinct[kinds == 0].mean(0), distinct[kinds == 1].mean(0))
    response = (x[:, 1:, :, 0] + x[:, :-1, :, 0]).max(axis=(1, 2))
    np.testing.assert_array_equal(response > 1.5, y == 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gaussian_blobs(0), "gaussian_blobs n: expected a whole number >= 1, got 0"),
        (lambda: gaussian_blobs(5, features=1), "features: expected a whole number >= 2, got 1"),
        (lambda: spirals(5, classes=0), "spirals classes: expected a whole number >= 1, got 0"),
        (lambda: bars(5, size=1), "bars size: expected a whole number >= 2, got 1"),
    ],
)
def test_refuses_impossible_numbers(make, message):
    with pytest.raises(ValueError, match=message):
        make()
