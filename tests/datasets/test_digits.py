from __future__ import annotations

import hashlib

import numpy as np

from nnscratch.datasets import digits


def test_form():
    (x_train, y_train), (x_test, y_test) = digits()
    assert x_train.shape == (1437, 8, 8, 1)
    assert x_test.shape == (360, 8, 8, 1)
    assert y_train.shape == (1437,)
    assert y_test.shape == (360,)
    assert {x.dtype for x in (x_train, x_test)} == {np.dtype(np.float32)}
    assert {y.dtype for y in (y_train, y_test)} == {np.dtype(np.int64)}
    assert (x_train.min(), x_train.max(), x_test.min(), x_test.max()) == (0, 1, 0, 1)


def test_numbers_are_those_of_the_source():
    (x_train, y_train), (x_test, y_test) = digits(scale=False)
    images = np.concatenate([x_train, x_test]).astype(np.uint8)
    labels = np.concatenate([y_train, y_test]).astype(np.uint8)
    # Computed from scikit-learn's load_digits(), images first.
    assert hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest() == (
        "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"
    )


def test_scale_divides_by_sixteen():
    (raw, _), _ = digits(scale=False)
    (scaled, _), _ = digits()
    assert raw.dtype == np.float32
    assert raw.max() == 16
    np.testing.assert_array_equal(scaled * 16, raw)


def test_every_class_is_on_both_sides():
    (_, y_train), (_, y_test) = digits()
    assert np.bincount(y_train).min() >= 140
    assert np.bincount(y_test, minlength=10).min() >= 33


def test_nearest_neighbour_is_as_good_as_the_docstring_says():
    (x_train, y_train), (x_test, y_test) = digits()
    a, b = x_test.reshape(360, 64), x_train.reshape(1437, 64)
    squared_distance = (a**2).sum(1)[:, None] - 2 * a @ b.T + (b**2).sum(1)
    accuracy = (y_train[squared_distance.argmin(1)] == y_test).mean()
    assert round(accuracy, 3) == 0.956
