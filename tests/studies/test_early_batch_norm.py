"""The batch norm of Keras 0.3, beside today's."""

from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.studies.predicts_the_mean.early_batch_norm import EarlyBatchNormalization
from tests.backends import BACKENDS, host

STATE = ("moving_mean", "moving_deviation")


def layer() -> EarlyBatchNormalization:
    return EarlyBatchNormalization(nn.initializers.RandomUniform(0.5, 1.5))


@pytest.mark.parametrize("backend", BACKENDS)
def test_is_a_layer_like_others(backend: str) -> None:
    nn.testing.check_layer(layer(), [(3, 2, 2)], training=False, backend=backend)


def test_in_training_the_gradient_is_that_of_constant_averages() -> None:
    assert nn.testing.check_gradients(layer(), in_shapes=[(3, 2, 2)]).ok


def test_both_modes_compute_the_same_to_the_bit() -> None:
    x = np.random.default_rng(0).normal(3.0, 2.0, (5, 4, 4, 2))
    training, inference = (nn.run_layer(layer(), x, training=mode) for mode in (True, False))
    assert np.array_equal(host(training.output), host(inference.output))


def test_starts_as_a_product_with_gamma() -> None:
    x = np.random.default_rng(0).normal(3.0, 2.0, (5, 4))
    call = nn.run_layer(layer(), x, params={"gamma": np.full(4, 0.05)})
    assert np.allclose(host(call.output), 0.05 * x / (1 + 1e-6), rtol=1e-12)


def test_each_unit_moves_its_own_averages_towards_the_batch() -> None:
    x = np.random.default_rng(0).normal(3.0, 2.0, (50, 2, 2, 1))
    state = host(nn.run_layer(layer(), x).state_out)
    assert state["moving_mean"].shape == (2, 2, 1)
    assert np.allclose(state["moving_mean"], 0.1 * x.mean(axis=0))
    assert np.allclose(state["moving_deviation"], 0.9 + 0.1 * np.sqrt(x.var(axis=0) + 1e-6))


def test_inference_and_a_frozen_layer_leave_the_averages_alone() -> None:
    x = np.random.default_rng(0).normal(3.0, 2.0, (5, 4))
    call = nn.run_layer(layer(), x, training=False)
    assert all(
        np.array_equal(host(call.state_in[name]), host(call.state_out[name])) for name in STATE
    )
    frozen = nn.Sequential([nn.Input((4,)), layer(), nn.Dense(1)], seed=0, dtype="float64")
    frozen.compile("sgd", "mse")
    frozen.freeze("early*")
    before = host(frozen.params)
    frozen.train_step(x, np.ones((5, 1)))
    for name in STATE:
        path = f"early_batch_normalization/{name}"
        assert np.array_equal(host(frozen.params[path]), before[path])


def test_nothing_bounds_what_is_rare() -> None:
    x = np.zeros((32, 1))
    x[0] = 1.0
    deviation = np.array([np.sqrt(1e-6)])  # of a unit that was 0 in all batches so far
    early = nn.run_layer(layer(), x, params={"moving_deviation": deviation}).cache.xhat
    assert float(early.max()) == pytest.approx(1000, rel=0.01)
    today = nn.run_layer(nn.BatchNormalization(epsilon=0), x).output
    assert float(today.max()) == pytest.approx(np.sqrt(31), rel=1e-9)
