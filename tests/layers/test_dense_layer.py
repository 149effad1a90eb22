from __future__ import annotations

import numpy as np
import pytest

from nnscratch.core.errors import ShapeError
from nnscratch.core.run import run_layer
from nnscratch.layers import Dense
from nnscratch.layers.arguments import ArgumentError
from tests.backends import BACKEND


@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 4, 3)])
def test_it_acts_on_the_last_axis(rng: np.random.Generator, shape: tuple[int, ...]) -> None:
    x, dy = rng.standard_normal((2, *shape)), rng.standard_normal((2, *shape[:-1], 5))
    kernel, bias = rng.standard_normal((3, 5)), rng.standard_normal(5)
    call = run_layer(Dense(5), x, dy, params={"kernel": kernel, "bias": bias}, backend=BACKEND)
    np.testing.assert_allclose(call.output, x @ kernel + bias, rtol=1e-12)
    (dx,) = call.input_gradients
    np.testing.assert_allclose(dx, dy @ kernel.T, rtol=1e-12)
    rows = tuple(range(x.ndim - 1))
    dkernel = np.tensordot(x, dy, axes=(rows, rows))
    np.testing.assert_allclose(call.param_gradients["kernel"], dkernel, rtol=1e-12)
    np.testing.assert_allclose(call.param_gradients["bias"], dy.sum(axis=rows), rtol=1e-12)


def test_glorot_and_zeros_are_the_first_values(rng: np.random.Generator) -> None:
    x = np.eye(60)
    y = run_layer(Dense(40), x, backend=BACKEND).output
    limit = np.sqrt(6 / (60 + 40))
    assert np.abs(y).max() <= limit
    assert np.abs(y).max() > 0.95 * limit
    assert not run_layer(Dense(40), np.zeros((1, 60)), backend=BACKEND).output.any()


@pytest.mark.parametrize("units", [-1, 0, 2.5, "3", None, True])
def test_units_must_be_a_positive_whole_number(units: object) -> None:
    with pytest.raises(ArgumentError, match="Dense units: expected a whole number >= 1"):
        Dense(units)


def test_rows_without_features_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"Dense\(units=2\): expected rows of features .* \(N,\)"):
        Dense(2).spec(())
