from __future__ import annotations

import numpy as np
import pytest

from nnscratch.core.run import run_layer
from nnscratch.kernels.ops import Array
from nnscratch.layers import Dropout
from nnscratch.layers.arguments import ArgumentError
from tests.backends import BACKEND, host, there


def kept(layer: Dropout, seed: int = 0) -> Array:
    y = run_layer(layer, np.ones((100, 200)), backend=BACKEND, seed=seed).output
    return y != 0


def test_training_drops_that_share_and_scales_the_rest() -> None:
    y = host(run_layer(Dropout(0.2), np.ones((100, 200)), backend=BACKEND).output)
    assert set(np.unique(y)) == {0, 1 / 0.8}
    # Of 20000 draws the share has a standard deviation of 0.0028.
    assert abs(np.mean(y == 0) - 0.2) < 0.01


def test_the_gradient_passes_where_the_number_did() -> None:
    x = np.ones((100, 200))
    call = run_layer(Dropout(0.5), x, 3 * x, backend=BACKEND)
    np.testing.assert_array_equal(call.input_gradients[0], 3 * call.output)


def test_inference_is_the_identity() -> None:
    x, dy = there(np.ones((2, 3))), there(np.ones((2, 3)))
    call = run_layer(Dropout(0.5), x, dy, backend=BACKEND, training=False)
    assert call.output is x
    assert call.input_gradients[0] is dy
    assert Dropout(0.5).aliases


def test_masks_are_a_function_of_the_run_and_of_the_layers_own_seed() -> None:
    np.testing.assert_array_equal(kept(Dropout(0.5)), kept(Dropout(0.5)))
    np.testing.assert_array_equal(kept(Dropout(0.5, seed=7)), kept(Dropout(0.5, seed=7)))
    others = [kept(Dropout(0.5), seed=1), kept(Dropout(0.5, seed=7)), kept(Dropout(0.5, seed=8))]
    for mask in others:
        assert 0.45 < np.mean(mask == kept(Dropout(0.5))) < 0.55
    assert 0.45 < np.mean(others[1] == others[2]) < 0.55
    assert 0.45 < np.mean(others[1] == kept(Dropout(0.5, seed=7), seed=1)) < 0.55


def test_a_rate_of_0_drops_nothing() -> None:
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(run_layer(Dropout(0), x, backend=BACKEND).output, x)


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5, np.nan, "0.5", None, False])
def test_the_rate_must_be_a_probability_below_1(rate: object) -> None:
    with pytest.raises(ArgumentError, match="Dropout rate: expected a finite number >= 0 and < 1"):
        Dropout(rate)


@pytest.mark.parametrize("seed", [-1, 0.5, "a"])
def test_the_seed_must_be_a_whole_number_from_0(seed: object) -> None:
    with pytest.raises(ArgumentError, match="Dropout seed: expected a whole number >= 0"):
        Dropout(0.5, seed=seed)
