from __future__ import annotations

import math

import numpy as np
import pytest

from nnscratch.core.describe import norm, number


@pytest.mark.parametrize("scale", [1e-310, 1e-200, 1e-30, 1.0, 1e30, 1e200])
def test_norm_of_what_is_small_or_large(scale: float) -> None:
    assert norm(np.array([[3 * scale], [-4 * scale]])) == pytest.approx(5 * scale, rel=1e-12)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], 0), ([0.0, -0.0], 0), ([1.0, math.inf], math.inf), ([math.inf, math.nan], math.nan)],
)
def test_norm_of_nothing_zeros_infinity_and_nan(values: list[float], expected: float) -> None:
    np.testing.assert_equal(norm(np.array(values)), expected)


def test_norm_of_float32_is_taken_in_float64() -> None:
    assert norm(np.full(4, 1e30, np.float32)) == pytest.approx(2e30)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (5e-324, "4.9e-324"), (0.12345, "0.123"), (12345.6, "1.2e+04"), (-2.0, "-2")],
)
def test_numbers_for_people(value: float, text: str) -> None:
    assert number(value) == text
