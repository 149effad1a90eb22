from __future__ import annotations

import math

import numpy as np
import pytest

from nnscratch import constraints
from nnscratch.constraints import MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from nnscratch.core.errors import UnknownNameError


def test_max_norm_shrinks_only_what_is_too_long():
    w = np.array([[3.0, 0.6, 0.0], [4.0, 0.8, 0.0]])
    expected = [[1.2, 0.6, 0.0], [1.6, 0.8, 0.0]]
    np.testing.assert_allclose(MaxNorm(2)(w), expected, rtol=2e-7)


def test_max_norm_is_keras_to_the_epsilon():
    w = np.array([[3.0, 0.6], [4.0, 0.8]])
    np.testing.assert_allclose(
        MaxNorm(2)(w), w * [2 / (5 + 1e-7), 1 / (1 + 1e-7)], rtol=1e-14, atol=0
    )


@pytest.mark.parametrize("axis", [(0, 1, 2), [0, 1, 2]])
def test_max_norm_of_filters(axis):
    w = np.random.default_rng(0).standard_normal((3, 3, 4, 5))
    norms = np.sqrt((MaxNorm(1.5, axis)(w) ** 2).sum(axis=(0, 1, 2)))
    np.testing.assert_allclose(norms, 1.5, rtol=1e-6)


def test_max_norm_along_another_axis():
    w = np.array([[3.0, 4.0], [0.3, 0.4]])
    norms = np.hypot(*MaxNorm(1, axis=1)(w).T)
    np.testing.assert_allclose(norms, [1.0, 0.5], rtol=1e-6)


def test_unit_norm_makes_all_of_one_length():
    w = np.array([[3.0, 0.06, 0.0], [4.0, 0.08, 0.0]])
    expected = [[0.6, 0.6, 0.0], [0.8, 0.8, 0.0]]
    np.testing.assert_allclose(UnitNorm()(w), expected, rtol=2e-6)
    np.testing.assert_allclose(np.hypot(*UnitNorm(axis=1)(w[:, :2]).T), 1, rtol=1e-6)


def test_min_max_norm_moves_lengths_between_two():
    w = np.array([[3.0, 0.3, 0.6], [4.0, 0.4, 0.8]])
    limited = MinMaxNorm(0.7, 2)(w)
    np.testing.assert_allclose(np.hypot(*limited), [2, 0.7, 1], rtol=1e-6)
    halfway = MinMaxNorm(0.7, 2, rate=0.5)(w)
    np.testing.assert_allclose(np.hypot(*halfway), [3.5, 0.6, 1], rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MinMaxNorm(-1), "MinMaxNorm min_value"),
        (lambda: MinMaxNorm(2, 1), "MinMaxNorm max_value: expected a finite number >= 2"),
        (lambda: MinMaxNorm(rate=2), "MinMaxNorm rate"),
        (lambda: UnitNorm("0"), "UnitNorm axis"),
        (lambda: MinMaxNorm(axis=(0, 0.5)), "MinMaxNorm axis"),
    ],
)
def test_arguments_that_make_no_sense(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_non_neg():
    w = np.array([-1.0, 0.0, 2.0, np.nan])
    np.testing.assert_array_equal(NonNeg()(w), [0.0, 0.0, 2.0, np.nan])


@pytest.mark.parametrize(
    "constraint",
    [MaxNorm(), MaxNorm(np.float64(2)), NonNeg(), UnitNorm(), MinMaxNorm(np.float64(0.5))],
    ids=repr,
)
def test_pure_and_of_the_same_dtype(constraint):
    w = np.array([[-3.0, 4.0]], np.float32)
    before = w.copy()
    projected = constraint(w)
    assert projected.dtype == np.float32
    assert not np.shares_memory(projected, w)
    np.testing.assert_array_equal(w, before)


def test_get():
    assert constraints.get("max_norm") == constraints.get("MaxNorm") == MaxNorm(2, 0)
    assert constraints.get("non_neg") == NonNeg()
    assert constraints.get("unit_norm") == constraints.get("UnitNorm") == UnitNorm(0)
    assert constraints.get("min_max_norm") == MinMaxNorm(0.0, 1.0, 1.0, 0)
    assert constraints.get(None) is None
    instance = MaxNorm(3)
    assert constraints.get(instance) is instance


def test_get_proposes_the_nearest_name():
    with pytest.raises(UnknownNameError, match="did you mean 'non_neg'"):
        constraints.get("non_negative")


@pytest.mark.parametrize("identifier", [MaxNorm, 2.0])
def test_get_refuses_what_is_no_constraint(identifier):
    with pytest.raises(TypeError, match=r"an instance such as MaxNorm\(2\), got"):
        constraints.get(identifier)


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf, "2", True])
def test_max_norm_refuses_what_is_no_norm(value):
    with pytest.raises(ValueError, match="MaxNorm max_value: expected a finite number >= 0"):
        MaxNorm(value)


def test_axes_are_whole_numbers_of_any_kind():
    w = np.full((2, 3), 5.0)
    for axis in (np.int64(0), [np.int64(0)]):
        np.testing.assert_array_equal(MaxNorm(1, axis)(w), MaxNorm(1, 0)(w))
    for axis in (0.5, True, "0", [0, None]):
        with pytest.raises(ValueError, match="MaxNorm axis: expected a whole number"):
            MaxNorm(1, axis)


@pytest.mark.parametrize("axis", [2, -3, (0, 2), (1, -1)])
def test_axes_are_those_of_the_weight(axis):
    for make in (MaxNorm(1, axis), UnitNorm(axis), MinMaxNorm(axis=axis)):
        with pytest.raises(ValueError, match=r"axes of a weight \(2, 3\), 0 to 1, each once, got"):
            make(np.ones((2, 3)))
