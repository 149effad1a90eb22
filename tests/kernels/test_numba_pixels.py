from __future__ import annotations

import numpy as np
import pytest

from nnscratch.kernels.numba.pixels import apart, together


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("channels", [1, 3, 7, 8, 15, 16, 17, 33])
@pytest.mark.parametrize("step", [1, 2, 5])
@pytest.mark.parametrize("beyond", [0, 4])
def test_pixels_a_step_apart(dtype: str, channels: int, step: int, beyond: int) -> None:
    count, first = 9, 2
    rng = np.random.default_rng(channels)
    row = rng.standard_normal((first + (count - 1) * step + 1 + beyond, channels)).astype(dtype)
    chosen = row[first : first + (count - 1) * step + 1 : step]
    guarded = np.full((count + 2, channels), np.nan, dtype)
    together(row.reshape(-1), first, step, channels, guarded[1:-1].reshape(-1))
    np.testing.assert_array_equal(guarded[1:-1], chosen)
    assert np.isnan(guarded[[0, -1]]).all()

    expected, line = row.copy(), rng.standard_normal((count, channels)).astype(dtype)
    expected[first : first + (count - 1) * step + 1 : step] += line
    apart(line.reshape(-1), row.reshape(-1), first, step, channels)
    np.testing.assert_array_equal(row, expected)


@pytest.mark.parametrize("count", [0, 1])
def test_none_and_one(count: int) -> None:
    row, line = np.arange(3, dtype=np.float32), np.zeros(count, np.float32)
    together(row, 2, 1, 1, line)
    np.testing.assert_array_equal(line, [2] * count)
    apart(line, row, 2, 1, 1)
    np.testing.assert_array_equal(row, [0, 1, 2 + 2 * count])
