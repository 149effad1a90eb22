from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnscratch.core.errors import ShapeError
from nnscratch.core.layer import Layer
from nnscratch.core.run import run_layer
from nnscratch.core.tape import Call
from nnscratch.kernels.ops import Array
from nnscratch.layers import (
    AbsoluteDifference,
    Add,
    Concatenate,
    L1Distance,
    L2Distance,
    Multiply,
    Subtract,
)
from nnscratch.layers.arguments import ArgumentError
from tests.backends import BACKEND, host


def run(layer: Layer, *xs: Any, dy: Any) -> tuple[Array, list[Array]]:
    arrays = [np.asarray(x, float) for x in xs]
    call: Call = run_layer(layer, arrays, np.asarray(host(dy), float), backend=BACKEND)
    return call.output, list(call.input_gradients)


def test_add() -> None:
    y, dxs = run(Add(), [[1, 2]], [[3, 4]], [[5, 6]], dy=[[7, 8]])
    np.testing.assert_array_equal(y, [[9, 12]])
    np.testing.assert_array_equal(dxs, [[[7, 8]]] * 3)


def test_subtract() -> None:
    y, dxs = run(Subtract(), [[1, 2]], [[3, 5]], dy=[[7, 8]])
    np.testing.assert_array_equal(y, [[-2, -3]])
    np.testing.assert_array_equal(dxs, [[[7, 8]], [[-7, -8]]])


def test_multiply_has_the_right_gradient_where_a_factor_is_0() -> None:
    y, dxs = run(Multiply(), [[2, 0]], [[3, 5]], [[4, 6]], dy=[[1, 10]])
    np.testing.assert_array_equal(y, [[24, 0]])
    np.testing.assert_array_equal(dxs, [[[12, 300]], [[8, 0]], [[6, 0]]])


@pytest.mark.parametrize("axis", [-1, 2, 1, -2])
def test_concatenate_and_take_apart(rng: np.random.Generator, axis: int) -> None:
    lengths = [3, 1, 2]
    xs = [np.moveaxis(rng.standard_normal((2, 4, n)), -1, axis) for n in lengths]
    y, _ = run(Concatenate(axis), *xs, dy=np.zeros_like(np.concatenate(xs, axis)))
    np.testing.assert_array_equal(y, np.concatenate(xs, axis))
    _, dxs = run(Concatenate(axis), *xs, dy=y)
    for dx, x in zip(dxs, xs, strict=True):
        np.testing.assert_array_equal(dx, x)


def test_absolute_difference_has_no_slope_at_0() -> None:
    y, dxs = run(AbsoluteDifference(), [[1, 5, 2]], [[4, 3, 2]], dy=[[10, 20, 30]])
    np.testing.assert_array_equal(y, [[3, 2, 0]])
    np.testing.assert_array_equal(dxs, [[[-10, 20, 0]], [[10, -20, 0]]])


def test_l1_distance() -> None:
    y, dxs = run(L1Distance(), [[1, 5, 2]], [[4, 3, 2]], dy=[[10]])
    np.testing.assert_array_equal(y, [[5]])
    np.testing.assert_array_equal(dxs, [[[-10, 10, 0]], [[10, -10, 0]]])


def test_l2_distance() -> None:
    y, dxs = run(L2Distance(), [[4, 0]], [[1, 4]], dy=[[10]])
    np.testing.assert_array_equal(y, [[5]])
    np.testing.assert_allclose(dxs, [[[6, -8]], [[-6, 8]]], rtol=1e-12)


def test_l2_distance_of_equal_vectors_has_gradient_0() -> None:
    y, dxs = run(L2Distance(), [[1, 2], [0, 3]], [[1, 2], [0, 1]], dy=[[10], [10]])
    np.testing.assert_array_equal(y, [[0], [2]])
    np.testing.assert_array_equal(dxs[0], [[0, 0], [0, 10]])


@pytest.mark.parametrize(("layer", "order"), [(L1Distance(), 1), (L2Distance(), 2)])
def test_distances_are_norms_over_the_last_axis(
    rng: np.random.Generator, layer: Layer, order: int
) -> None:
    a, b = rng.standard_normal((2, 3, 4, 5))
    y = run_layer(layer, [a, b], backend=BACKEND).output
    expected = np.linalg.norm(a - b, axis=-1, keepdims=True, ord=order)
    np.testing.assert_allclose(y, expected, rtol=1e-12)


def test_nan_propagates() -> None:
    for layer in (AbsoluteDifference(), L1Distance(), L2Distance()):
        y, (da, _) = run(layer, [[np.nan]], [[0]], dy=[[1]])
        assert np.isnan(y)
        assert np.isnan(da)


MERGES = [Add(), Multiply(), Subtract(), AbsoluteDifference(), L1Distance(), L2Distance()]


@pytest.mark.parametrize("layer", MERGES)
def test_nothing_is_broadcast(layer: Layer) -> None:
    with pytest.raises(ShapeError, match=r"one shape, got \(N, 4, 1\), \(N, 4, 3\)") as caught:
        layer.spec((4, 1), (4, 3))
    assert repr(layer) in str(caught.value)


@pytest.mark.parametrize("layer", [*MERGES, Concatenate()])
def test_one_input_is_refused(layer: Layer) -> None:
    with pytest.raises(ShapeError, match=r"takes two inputs.*, layer\(\[a, b\]\), got "):
        layer.spec((4,))


@pytest.mark.parametrize("layer", MERGES[2:])
def test_three_inputs_are_refused_by_what_takes_two(layer: Layer) -> None:
    with pytest.raises(ShapeError, match=r"takes two inputs, layer\(\[a, b\]\), got 3"):
        layer.spec((4,), (4,), (4,))


@pytest.mark.parametrize("layer", [L1Distance(), L2Distance()])
def test_distances_want_vectors(layer: Layer) -> None:
    with pytest.raises(ShapeError, match=r"expected vectors \(N, ..., C\), got \(N,\)"):
        layer.spec((), ())


@pytest.mark.parametrize("other", [(5, 3), (4,), (4, 3, 1)])
def test_concatenate_wants_inputs_that_differ_along_the_axis_only(other: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"differ along axis -1 only, got \(N, 4, 2\), \(N, "):
        Concatenate().spec((4, 2), other)


def test_axes_of_concatenate() -> None:
    with pytest.raises(ArgumentError, match="Concatenate axis: 0 is the batch axis"):
        Concatenate(axis=0)
    with pytest.raises(ShapeError, match="axis 2 is not one of the axes"):
        Concatenate(axis=2).spec((4,), (4,))
