from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnscratch.core.errors import ShapeError
from nnscratch.core.run import run_layer
from nnscratch.layers import (
    Cropping2D,
    Flatten,
    Permute,
    RepeatVector,
    Reshape,
    ZeroPadding2D,
)
from nnscratch.layers.arguments import ArgumentError
from tests.backends import BACKEND, there

shapes = st.lists(st.integers(1, 4), min_size=0, max_size=4).map(tuple)


@given(shapes, st.data())
@settings(deadline=None, max_examples=40)
def test_reshape_and_back(shape: tuple[int, ...], data: st.DataObject) -> None:
    target = data.draw(st.permutations(shape).map(tuple))
    hidden = data.draw(st.integers(0, len(target)))
    asked = tuple(-1 if place == hidden else n for place, n in enumerate(target))
    layer = Reshape(asked)
    assert layer.spec(shape).output_shape == target
    x = np.arange(2.0 * prod(shape)).reshape(2, *shape)
    y = run_layer(layer, x, backend=BACKEND).output
    np.testing.assert_array_equal(y, x.reshape(2, *target))
    call = run_layer(layer, x, y, backend=BACKEND)
    np.testing.assert_array_equal(call.input_gradients[0], x)


@pytest.mark.parametrize(("shape", "size"), [((3, 4, 2), 24), ((5,), 5), ((), 1)])
def test_flatten(shape: tuple[int, ...], size: int) -> None:
    x = np.arange(2.0 * size).reshape(2, *shape)
    call = run_layer(Flatten(), x, x.reshape(2, size), backend=BACKEND)
    np.testing.assert_array_equal(call.output, x.reshape(2, size))
    np.testing.assert_array_equal(call.input_gradients[0], x)


def test_views_are_declared() -> None:
    x = there(np.zeros((2, 3, 4)))
    assert np.shares_memory(run_layer(Flatten(), x, backend=BACKEND).output, x)
    assert Flatten().aliases
    assert Reshape((12,)).aliases


@pytest.mark.parametrize(
    ("padding", "pads"),
    [
        (2, ((2, 2), (2, 2))),
        ((1, 3), ((1, 1), (3, 3))),
        (((1, 2), (0, 3)), ((1, 2), (0, 3))),
        ([[0, 0], [0, 0]], ((0, 0), (0, 0))),
    ],
)
def test_zero_padding(rng: np.random.Generator, padding: Any, pads: Any) -> None:
    x = rng.standard_normal((2, 3, 4, 2))
    (top, bottom), (left, right) = pads
    expected = np.zeros((2, top + 3 + bottom, left + 4 + right, 2))
    expected[:, top : top + 3, left : left + 4] = x
    layer = ZeroPadding2D(padding)
    assert (2, *layer.spec((3, 4, 2)).output_shape) == expected.shape
    call = run_layer(layer, x, expected, backend=BACKEND)
    np.testing.assert_array_equal(call.output, expected)
    np.testing.assert_array_equal(call.input_gradients[0], x)


def test_padding_is_one_cell_by_default() -> None:
    assert ZeroPadding2D().padding == ((1, 1), (1, 1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Reshape((-1, -1)), r"only one length may be -1, got \(-1, -1\)"),
        (lambda: Reshape((2, 0)), "Reshape target_shape: expected a whole number >= 1, got 0"),
        (lambda: Reshape(4), r"Reshape target_shape: expected a shape such as \(4, -1\), got 4"),
        (lambda: ZeroPadding2D(-1), "ZeroPadding2D padding: expected a whole number >= 0, got -1"),
        (lambda: ZeroPadding2D((1, 1, 1)), r"ZeroPadding2D padding: expected a number, \(rows"),
        (lambda: ZeroPadding2D(((1, 1), (1,))), r"ZeroPadding2D padding: .* \(\(1, 1\), \(1,\)\)"),
        (lambda: ZeroPadding2D((1, 0.5)), "ZeroPadding2D padding: .* got 0.5"),
    ],
)
def test_nonsense_is_refused_when_the_layer_is_made(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()


@pytest.mark.parametrize("target", [(5, -1), (5, 5), (48, -1)])
def test_numbers_that_do_not_fit_are_refused(target: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"inputs \(N, 4, 6\) have 24 numbers"):
        Reshape(target).spec((4, 6))


def test_zero_padding_wants_images() -> None:
    with pytest.raises(ShapeError, match=r"ZeroPadding2D\(\): expected images"):
        ZeroPadding2D().spec((4, 6))


def test_cropping_undoes_padding(rng: np.random.Generator) -> None:
    x, sides = rng.standard_normal((2, 3, 4, 2)), ((1, 0), (2, 3))
    padded = run_layer(ZeroPadding2D(sides), x, backend=BACKEND).output
    call = run_layer(Cropping2D(sides), padded, x, backend=BACKEND)
    np.testing.assert_array_equal(call.output, x)
    np.testing.assert_array_equal(call.input_gradients[0], padded)


def test_cropping_must_leave_something() -> None:
    with pytest.raises(ShapeError, match=r"leaves nothing of images \(4, 3\); crop less"):
        Cropping2D(((2, 2), (0, 0))).spec((4, 3, 1))
    assert Cropping2D(((2, 1), (0, 0))).spec((4, 3, 1)).output_shape == (1, 3, 1)


@given(st.permutations(range(1, 5)))
@settings(deadline=None, max_examples=24)
def test_permute_and_back(order: list[int]) -> None:
    x = np.arange(2.0 * 120).reshape(2, 2, 3, 4, 5)
    layer = Permute(order)
    y = np.transpose(x, (0, *order))
    assert layer.spec(x.shape[1:]).output_shape == y.shape[1:]
    call = run_layer(layer, x, y, backend=BACKEND)
    np.testing.assert_array_equal(call.output, y)
    np.testing.assert_array_equal(call.input_gradients[0], x)


@pytest.mark.parametrize("dims", [(1, 3), (0, 1), (1, 1), "12", 2])
def test_permute_wants_each_axis_once(dims: Any) -> None:
    with pytest.raises(ArgumentError, match="Permute dims: expected"):
        Permute(dims)


def test_permute_wants_as_many_axes() -> None:
    with pytest.raises(ShapeError, match="expected inputs with 2 axes after the batch axis"):
        Permute((2, 1)).spec((3,))


def test_repeat_vector() -> None:
    x, dy = np.array([[1.0, 2]]), np.array([[[1.0, 2], [10, 20], [100, 200]]])
    call = run_layer(RepeatVector(3), x, dy, backend=BACKEND)
    np.testing.assert_array_equal(call.output, [[[1, 2]] * 3])
    np.testing.assert_array_equal(call.input_gradients[0], [[111, 222]])
    with pytest.raises(ShapeError, match="expected vectors"):
        RepeatVector(3).spec((2, 2))
