from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnscratch.inspect.units import distinct, live, rows_of_units, spread


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


def test_live_units_have_a_weight_other_than_0() -> None:
    assert live(kernel_of([0, 0], [0, 1e-300], [0, 0], [2, 0])) == 2


@pytest.mark.parametrize(("units", "expected"), [(([1, 2], [1, 2]), 0), (([1, 2], [4, 2]), 3)])
def test_spread_is_the_largest_difference(units: tuple[list[float], ...], expected: float) -> None:
    assert spread(kernel_of(*units)) == expected
