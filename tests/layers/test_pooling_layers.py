from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nnscratch.core.errors import ShapeError, UnknownNameError
from nnscratch.core.run import run_layer
from nnscratch.layers import (
    AveragePooling2D,
    AvgPool2D,
    GlobalAveragePooling2D,
    GlobalAvgPool2D,
    GlobalMaxPool2D,
    GlobalMaxPooling2D,
    MaxPool2D,
    MaxPooling2D,
)
from nnscratch.layers.arguments import ArgumentError
from tests.backends import BACKEND
from tests.layers import loops

LAYERS = {"max": MaxPooling2D, "average": AveragePooling2D}
SETTINGS = list(
    itertools.product(
        [(2, 2), (3, 3), (1, 4), (4, 3)],  # window
        [(1, 1), (2, 2), (3, 1)],  # strides
        ["valid", "same"],
    )
)


@pytest.mark.parametrize("mode", LAYERS)
@pytest.mark.parametrize(("size", "strides", "padding"), SETTINGS)
def test_forward_is_what_plain_loops_compute(
    rng: np.random.Generator,
    mode: str,
    size: tuple[int, int],
    strides: tuple[int, int],
    padding: str,
) -> None:
    x = rng.standard_normal((2, 7, 6, 3)) - 5  # below 0: padding with 0 would win
    y = run_layer(LAYERS[mode](size, strides, padding), x, backend=BACKEND).output
    expected = loops.pool2d(x, size, strides, padding, mode)
    np.testing.assert_allclose(y, expected, rtol=1e-12)


def test_by_default_windows_of_2_by_2_lie_side_by_side(rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 5, 7, 3))
    y = run_layer(MaxPooling2D(), x, backend=BACKEND).output
    np.testing.assert_array_equal(y, loops.pool2d(x, (2, 2), (2, 2), "valid", "max"))
    assert AveragePooling2D((3, 2)).strides == (3, 2)


def test_average_pooling_has_no_default_window() -> None:
    with pytest.raises(TypeError, match="pool_size"):
        AveragePooling2D()


pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))


@given(pairs, pairs, pairs, st.sampled_from(["valid", "same"]), st.sampled_from(sorted(LAYERS)))
@settings(deadline=None, max_examples=40)
def test_spec_declares_the_shape_that_forward_returns(
    image: tuple[int, int], size: tuple[int, int], strides: tuple[int, int], padding: str, mode: str
) -> None:
    assume(padding == "same" or (size[0] <= image[0] and size[1] <= image[1]))
    layer = LAYERS[mode](size, strides, padding)
    y = run_layer(layer, np.ones((2, *image, 3)), backend=BACKEND).output
    assert y.shape == (2, *layer.spec((*image, 3)).output_shape)


def test_the_first_of_equal_numbers_wins_row_by_row() -> None:
    x, dy = np.ones((1, 2, 4, 1)), np.array([3.0, 5.0]).reshape(1, 1, 2, 1)
    (dx,) = run_layer(MaxPooling2D(), x, dy, backend=BACKEND).input_gradients
    np.testing.assert_array_equal(dx[0, :, :, 0], [[3, 0, 5, 0], [0, 0, 0, 0]])


def test_a_cell_that_wins_in_several_windows_gets_the_sum() -> None:
    x = np.array([0.0, 1.0, 0.0]).reshape(1, 1, 3, 1)
    dy = np.array([3.0, 5.0]).reshape(1, 1, 2, 1)
    layer = MaxPooling2D((1, 2), strides=1)
    (dx,) = run_layer(layer, x, dy, backend=BACKEND).input_gradients
    np.testing.assert_array_equal(dx.ravel(), [0, 8, 0])


def test_average_gradients_are_shared_by_the_cells_inside_the_image() -> None:
    x, dy = np.zeros((1, 1, 3, 1)), np.array([6.0, 4.0]).reshape(1, 1, 2, 1)
    layer = AveragePooling2D((1, 2), padding="same")  # the second window holds one real cell
    (dx,) = run_layer(layer, x, dy, backend=BACKEND).input_gradients
    np.testing.assert_array_equal(dx.ravel(), [3, 3, 4])


def test_nan_propagates(rng: np.random.Generator) -> None:
    x = rng.standard_normal((1, 2, 4, 1))
    x[0, 1, 2, 0] = np.nan
    for layer in (MaxPooling2D(), AveragePooling2D(2)):
        y = run_layer(layer, x, backend=BACKEND).output
        np.testing.assert_array_equal(np.isnan(y.ravel()), [False, True])


def test_global_pooling_reduces_each_channel(rng: np.random.Generator) -> None:
    x, dy = rng.standard_normal((2, 3, 5, 4)), rng.standard_normal((2, 4))
    largest = run_layer(GlobalMaxPooling2D(), x, dy, backend=BACKEND)
    np.testing.assert_array_equal(largest.output, x.max(axis=(1, 2)))
    (dx,) = largest.input_gradients
    winners = x == x.max(axis=(1, 2), keepdims=True)
    np.testing.assert_array_equal(dx, np.where(winners, dy[:, None, None, :], 0))
    mean = run_layer(GlobalAveragePooling2D(), x, dy, backend=BACKEND)
    np.testing.assert_allclose(mean.output, x.mean(axis=(1, 2)), rtol=1e-12)
    (dx,) = mean.input_gradients
    np.testing.assert_allclose(dx, np.broadcast_to(dy[:, None, None, :] / 15, x.shape), rtol=1e-12)


@pytest.mark.parametrize("layer", [GlobalMaxPooling2D, GlobalAveragePooling2D])
def test_global_pooling_may_keep_its_axes(rng: np.random.Generator, layer: Any) -> None:
    x, dy = rng.standard_normal((2, 3, 5, 4)), rng.standard_normal((2, 4))
    kept = run_layer(layer(keepdims=True), x, dy[:, None, None], backend=BACKEND)
    dropped = run_layer(layer(), x, dy, backend=BACKEND)
    np.testing.assert_array_equal(kept.output, dropped.output[:, None, None])
    np.testing.assert_array_equal(kept.input_gradients[0], dropped.input_gradients[0])


def test_keras_second_names() -> None:
    assert (MaxPool2D, AvgPool2D) == (MaxPooling2D, AveragePooling2D)
    assert (GlobalMaxPool2D, GlobalAvgPool2D) == (GlobalMaxPooling2D, GlobalAveragePooling2D)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pool_size": 0}, "MaxPooling2D pool_size: .* got 0"),
        ({"pool_size": (2, 2, 1)}, "MaxPooling2D pool_size: expected one whole number or two"),
        ({"strides": (1, -1)}, "MaxPooling2D strides: .* got -1"),
        ({"strides": 1.5}, "MaxPooling2D strides: .* got 1.5"),
    ],
)
def test_nonsense_is_refused_when_the_layer_is_made(
    arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ArgumentError, match=message):
        MaxPooling2D(**arguments)


def test_unknown_padding_is_met_with_the_nearest_known_one() -> None:
    with pytest.raises(UnknownNameError, match="AveragePooling2D padding 'vald': did you mean 'va"):
        AveragePooling2D(2, padding="vald")


@pytest.mark.parametrize("layer", [MaxPooling2D(), AveragePooling2D(2), GlobalMaxPooling2D()])
def test_what_is_no_image_is_refused(layer: Any) -> None:
    with pytest.raises(ShapeError, match=r"expected images \(N, H, W, C\), got \(N, 4, 4\)"):
        layer.spec((4, 4))


def test_a_window_larger_than_the_image_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"MaxPooling2D\(\): the window \(2, 2\) does not fit"):
        MaxPooling2D().spec((1, 4, 2))
