from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnscratch.inspect.units import PLACES, distinct, live, rank, rows_of_units, silent, spread


def kernel_of(*units: list[float]) -> np.ndarray:
    """A kernel (2, 1, 1, units), of the weights of each unit."""
    return np.array(units, np.float64).T.reshape(2, 1, 1, len(units))


def test_rows_hold_one_unit_each() -> None:
    kernel = np.arange(24.0).reshape(2, 3, 1, 4)
    rows = rows_of_units(kernel)
    assert rows.shape == (4, 6)
    np.testing.assert_array_equal(rows[1], kernel[..., 1].ravel())


def test_equal_units_count_once() -> None:
    assert distinct(kernel_of([1, 2], [1, 2], [1, 3], [1, 2])) == 2


def test_zero_kernel_is_one_unit() -> None:
    assert distinct(np.zeros((3, 5))) == 1


def test_rounding_makes_no_new_unit_but_a_small_difference_does() -> None:
    assert distinct(kernel_of([1, 2], [1, 2 + 1e-12])) == 1
    assert distinct(kernel_of([1, 2], [1, 2 + 1e-6])) == 2


def test_tolerance_is_relative_to_the_largest_weight() -> None:
    kernel = kernel_of([1, 2], [1, 2 + 1e-6])
    assert distinct(kernel * 1e-8) == 2


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=1, max_size=12))
@settings(deadline=None)
def test_counts_what_a_set_counts(units: list[tuple[int, int]]) -> None:
    assert distinct(kernel_of(*[list(map(float, unit)) for unit in units])) == len(set(units))


def test_many_equal_units_of_a_wide_layer_count_once_each() -> None:
    rng = np.random.default_rng(0)
    units = rng.standard_normal((40, 300))
    noise = 1e-12 * rng.standard_normal((200, 300))
    kernel = (units[rng.permutation(np.arange(200) % 40)] + noise).T
    assert distinct(kernel) == 40
    assert distinct(kernel, tolerance=1e-14) == 200


def test_float32_has_larger_roundings() -> None:
    kernel = kernel_of([1, 2], [1, 2 + 1e-6])
    assert distinct(kernel.astype(np.float32)) == 1
    assert distinct(kernel) == 2


def test_a_unit_with_a_nan_is_like_no_other() -> None:
    assert distinct(kernel_of([1, np.nan], [1, np.nan], [np.inf, 1], [1, 2], [1, 2])) == 4
    assert distinct(np.full((3, 4), np.nan)) == 4


@given(st.integers(1, 6), st.integers(1, 9), st.integers(1, 9), st.sampled_from(["f4", "f8"]))
def test_rank_is_that_of_a_product(true: int, units: int, weights: int, dtype: str) -> None:
    rng = np.random.default_rng(0)
    kernel = rng.standard_normal((weights, true)) @ rng.standard_normal((true, units))
    assert rank(kernel.astype(dtype)) == min(true, units, weights)


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_rank_does_not_depend_on_the_scale(scale: float) -> None:
    assert rank(scale * kernel_of([1, 2], [2, 4.001], [3, 6])) == 2


def test_zeros_have_rank_0_and_nan_has_none() -> None:
    assert rank(np.zeros((3, 2, 4))) == 0
    assert rank(kernel_of([1, 2], [np.nan, 1])) is None
    assert rank(kernel_of([1, 2], [np.inf, 1])) is None


def test_silent_units_are_flat_everywhere() -> None:
    y = np.zeros((PLACES, 2, 4))  # (N, places, units)
    y[-1, 1, 0] = 0.5  # fires in the very last place
    y[0, 0, 1] = 1.0  # the upper limit is flat too
    y[3, 1, 2] = -1.0
    assert silent(y, (0.0, 1.0)) == 3
    assert silent(y, (-2.0, 1.0)) == 0
    assert silent(y, None) == 1


def test_a_nan_is_not_silent() -> None:
    y = np.zeros((2, 2))
    y[1, 1] = np.nan
    assert silent(y, (0.0, np.inf)) == silent(y, None) == 1


def test_live_units_have_a_weight_other_than_0() -> None:
    assert live(kernel_of([0, 0], [0, 1e-300], [0, 0], [2, 0])) == 2


@pytest.mark.parametrize(("units", "expected"), [(([1, 2], [1, 2]), 0), (([1, 2], [4, 2]), 3)])
def test_spread_is_the_largest_difference(units: tuple[list[float], ...], expected: float) -> None:
    assert spread(kernel_of(*units)) == expected
