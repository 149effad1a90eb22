from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.core.errors import ShapeError, UnknownNameError
from nnscratch.core.run import run_layer
from nnscratch.kernels.ops import Array
from nnscratch.layers import RandomCrop, RandomFlip, RandomTranslation
from nnscratch.layers.arguments import ArgumentError
from tests.backends import BACKEND

LINE = np.arange(1.0, 5)  # a b c d


def output(layer: Any, x: Array, **arguments: Any) -> Array:
    y: Array = run_layer(layer, x, backend=BACKEND, **arguments).output
    return y


def lines(layer: Any, count: int = 400, **arguments: Any) -> Counter[tuple[float, ...]]:
    """What becomes of images of one row, and how often."""
    x = np.broadcast_to(LINE[None, None, :, None], (count, 1, 4, 1)).copy()
    return Counter(map(tuple, output(layer, x, **arguments)[:, 0, :, 0].tolist()))


def test_half_of_the_images_are_mirrored() -> None:
    found = lines(RandomFlip("horizontal"))
    assert set(found) == {(1, 2, 3, 4), (4, 3, 2, 1)}
    assert 160 < found[4, 3, 2, 1] < 240
    assert set(lines(RandomFlip("vertical"))) == {(1, 2, 3, 4)}


def test_both_axes_are_drawn_by_themselves() -> None:
    image = np.array([[1.0, 2], [3, 4]])
    y = output(RandomFlip(), np.broadcast_to(image[None, :, :, None], (400, 2, 2, 1)).copy())
    found = Counter(map(tuple, y.reshape(400, 4).tolist()))
    assert set(found) == {(1, 2, 3, 4), (2, 1, 4, 3), (3, 4, 1, 2), (4, 3, 2, 1)}
    assert min(found.values()) > 60


@pytest.mark.parametrize(
    ("mode", "right", "left"),
    [
        ("reflect", (2, 1, 1, 2), (3, 4, 4, 3)),
        ("nearest", (1, 1, 1, 2), (3, 4, 4, 4)),
        ("wrap", (3, 4, 1, 2), (3, 4, 1, 2)),
        ("constant", (9, 9, 1, 2), (3, 4, 9, 9)),
    ],
)
def test_what_stands_beside_a_shifted_image(mode: str, right: Any, left: Any) -> None:
    for factor, expected in ((0.5, right), (-0.5, left)):
        layer = RandomTranslation(0.0, (factor, factor), mode, fill_value=9)
        assert set(lines(layer)) == {expected}


def test_a_mirror_far_away() -> None:
    image = np.arange(2.0)[None, None, :, None]
    layer = RandomTranslation(0.0, (1, 1))
    assert output(layer, image)[0, 0, :, 0].tolist() == [1, 0]


def test_shifts_lie_between_their_bounds() -> None:
    found = lines(RandomTranslation(0.0, (-0.25, 0.5), "constant"))
    assert set(found) == {(2, 3, 4, 0), (1, 2, 3, 4), (0, 1, 2, 3), (0, 0, 1, 2)}
    assert set(lines(RandomTranslation(0.0, 0.25, "wrap"))) == {
        (2, 3, 4, 1),
        (1, 2, 3, 4),
        (4, 1, 2, 3),
    }


def test_down_and_to_the_right() -> None:
    x = np.arange(9.0).reshape(1, 3, 3, 1)
    y = output(RandomTranslation((0.34, 0.34), (-0.34, -0.34), "constant"), x)
    assert y[0, ..., 0].tolist() == [[0, 0, 0], [1, 2, 0], [4, 5, 0]]


def test_windows_lie_anywhere_in_training_and_else_in_the_middle() -> None:
    found = lines(RandomCrop(1, 2))
    assert set(found) == {(1, 2), (2, 3), (3, 4)}
    assert min(found.values()) > 90
    assert set(lines(RandomCrop(1, 2), training=False)) == {(2, 3)}


@pytest.mark.parametrize(
    "layer",
    [RandomFlip, lambda **a: RandomTranslation(0.5, 0.5, **a), lambda **a: RandomCrop(3, 3, **a)],
)
def test_what_is_drawn_is_a_function_of_the_run_and_of_the_layers_own_seed(layer: Any) -> None:
    x = np.random.default_rng(0).standard_normal((20, 6, 6, 1))
    first = output(layer(), x)
    np.testing.assert_array_equal(first, output(layer(), x))
    np.testing.assert_array_equal(first, run_layer(layer(), x, backend="numba").output)
    assert (output(layer(seed=7), x) != first).any()
    assert (output(layer(), x, seed=1) != first).any()


def test_the_gradient_goes_where_the_pixel_came_from() -> None:
    x = np.arange(1.0, 4)[None, None, :, None]
    dy = np.array([1.0, 10, 100])[None, None, :, None]
    layer = RandomTranslation(0.0, (0.34, 0.34), "nearest")  # 1 1 2
    call = run_layer(layer, x, dy, backend=BACKEND)
    assert call.input_gradients[0][0, 0, :, 0].tolist() == [11, 100, 0]


def test_a_network_learns_from_moved_digits_and_infers_still_ones() -> None:
    (x, y), _ = nn.datasets.digits()
    net = nn.Sequential(
        [
            nn.Input((8, 8, 1)),
            nn.RandomTranslation(0.2, 0.2, "constant"),
            nn.RandomCrop(7, 7),
            nn.Conv2D(4, 3, activation="relu"),
            nn.Flatten(),
            nn.Dense(10),
        ],
        seed=0,
        backend=BACKEND,
    )
    net.compile("adam", nn.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
    history = net.fit(x[:512], y[:512], epochs=3, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    np.testing.assert_array_equal(net.predict(x[:5], verbose=0), net.predict(x[:5], verbose=0))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: RandomFlip("both"), UnknownNameError, "unknown mode of RandomFlip 'both'"),
        (lambda: RandomTranslation(-0.1, 0), ArgumentError, "height_factor: expected a finite"),
        (lambda: RandomTranslation(0, (0.2, 0.1)), ArgumentError, "width_factor: .* >= 0.2"),
        (
            lambda: RandomTranslation(0, (0.1,)),
            ArgumentError,
            r"expected a number or \(least",
        ),
        (lambda: RandomTranslation(0, 0, "mirror"), UnknownNameError, "unknown fill_mode"),
        (lambda: RandomTranslation(0, 0, fill_value="0"), ArgumentError, "fill_value"),
        (lambda: RandomCrop(0, 1), ArgumentError, "RandomCrop height"),
        (lambda: RandomFlip(seed=-1), ArgumentError, "RandomFlip seed"),
        (lambda: RandomCrop(5, 2).spec((4, 4, 1)), ShapeError, "does not fit into images"),
        (lambda: RandomFlip().spec((4, 4)), ShapeError, "expected images"),
    ],
)
def test_bad_arguments(make: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        make()
