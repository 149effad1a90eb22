from __future__ import annotations

import numpy as np
import pytest

from nnscratch.kernels import resolve
from nnscratch.kernels.numba import norm
from nnscratch.kernels.ops import Array

ROWS = 9973  # no multiple of four, nor of what threads share


def moments(x: Array) -> tuple[Array, Array]:
    """Of rows (M, C)."""
    mean, variance = resolve("numba").ops.moments(x[:, :, None])
    return mean, variance


def normal(dtype: str, channels: int = 3) -> Array:
    return np.random.default_rng(0).standard_normal((ROWS, channels)).astype(dtype)


def check(x: Array, rtol: float) -> None:
    """Against two passes in long double."""
    exact = x.astype(np.longdouble)
    mean, variance = moments(x)
    np.testing.assert_allclose(mean, exact.mean(axis=0), rtol=rtol, atol=rtol * exact.std())
    np.testing.assert_allclose(variance, exact.var(axis=0), rtol=rtol)


@pytest.mark.parametrize(("dtype", "rtol"), [("float32", 2e-7), ("float64", 1e-12)])
@pytest.mark.parametrize("offset", [0, 1e3, -1e6])
def test_a_large_mean_cancels_nothing(dtype: str, rtol: float, offset: float) -> None:
    check((normal("float64") + offset).astype(dtype), rtol)


@pytest.mark.parametrize(("dtype", "rtol"), [("float32", 2e-7), ("float64", 1e-11)])
def test_rows_that_are_chosen_for_the_shift_may_be_unlike_all_others(
    dtype: str, rtol: float
) -> None:
    x = normal(dtype)
    x[:: ROWS // norm.SOME] = 1e6
    check(x, rtol)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("value", [0.1, -1e30, 1e-30])
def test_a_constant_channel_does_not_vary(dtype: str, value: float) -> None:
    mean, variance = moments(np.full((ROWS, 2), value, dtype))
    np.testing.assert_allclose(mean, value, rtol=2e-7 if dtype == "float32" else 1e-15)
    assert ((variance >= 0) & (variance <= np.square(1e-15 * value))).all()


@pytest.mark.parametrize("row", [0, 1])  # one of those chosen for the shift, and another
def test_an_infinite_number_makes_the_mean_infinite(row: int) -> None:
    x = normal("float32")
    x[row, 1] = np.inf
    mean, variance = moments(x)
    assert mean[1] == np.inf
    assert np.isnan(variance[1])
    np.testing.assert_allclose(mean[[0, 2]], x[:, [0, 2]].mean(axis=0, dtype=float), atol=1e-7)


@pytest.mark.parametrize("rows", [2, 3, 4, 5, 63, 64, 65, 129])
def test_few_rows(rows: int) -> None:
    check(normal("float64")[:rows] + 5, rtol=1e-12)


def test_one_row() -> None:
    x = normal("float64")[:1]
    mean, variance = moments(x)
    np.testing.assert_array_equal(mean, x[0])
    np.testing.assert_array_equal(variance, 0)
