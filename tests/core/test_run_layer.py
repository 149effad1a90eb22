"""Running one layer alone."""

from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.core.errors import DataError, DTypeError, NNError, ShapeError
from tests.backends import BACKEND, BACKENDS
from tests.nets import arrays_in, assert_same_bits

FIELDS = ("output", "cache", "input_gradients", "param_gradients", "state_out")


def fields(call):
    return dict(arrays_in({name: getattr(call, name) for name in FIELDS}))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "layer", [nn.Conv2D(3, 3), nn.BatchNormalization(), nn.Dropout(0.5)], ids=repr
)
def test_same_arguments_give_the_same_bits(layer, backend, rng):
    x = rng.standard_normal((2, 5, 5, 2), dtype=np.float32)
    first = nn.run_layer(layer, x, backend=backend)
    dy = np.ones_like(first.output)
    calls = [nn.run_layer(layer, x, dy, backend=backend, seed=4) for _ in range(2)]
    assert_same_bits(fields(calls[1]), fields(calls[0]))


def test_forward_and_backward_of_given_weights(rng):
    x, dy = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    kernel = rng.normal(size=(3, 2))
    call = nn.run_layer(nn.Dense(2), x, dy, params={"kernel": kernel}, backend=BACKEND)
    np.testing.assert_allclose(call.output, x @ kernel)
    np.testing.assert_allclose(call.input_gradients[0], dy @ kernel.T)
    np.testing.assert_allclose(call.param_gradients["kernel"], x.T @ dy)
    np.testing.assert_allclose(call.param_gradients["bias"], dy.sum(axis=0))


def test_state_is_read_and_returned_and_remembered_nowhere(rng):
    layer, x = nn.BatchNormalization(momentum=0.5), rng.normal(size=(8, 2)) + 3
    given = {"moving_mean": np.array([1.0, 2.0])}
    call = nn.run_layer(layer, x, params=given, backend=BACKEND)
    np.testing.assert_allclose(
        call.state_out["moving_mean"], (given["moving_mean"] + x.mean(0)) / 2
    )
    np.testing.assert_array_equal(given["moving_mean"], [1, 2])
    again = nn.run_layer(layer, x, backend=BACKEND)
    np.testing.assert_array_equal(again.state_in["moving_mean"], [0, 0])


def test_inference_leaves_dropout_and_state_alone(rng):
    x = rng.normal(size=(8, 2))
    call = nn.run_layer(nn.Dropout(0.5), x, training=False, backend=BACKEND)
    np.testing.assert_array_equal(call.output, x)
    call = nn.run_layer(nn.BatchNormalization(), x, training=False, backend=BACKEND)
    assert call.state_out == call.state_in


def test_seed_moves_weights_and_masks():
    x = np.ones((4, 50))
    one, other = (nn.run_layer(nn.Dropout(0.5), x, seed=seed, backend=BACKEND) for seed in (1, 2))
    assert not np.array_equal(one.output, other.output)
    one, other = (nn.run_layer(nn.Dense(2), x, seed=seed, backend=BACKEND) for seed in (1, 2))
    assert not np.array_equal(one.output, other.output)


def test_several_inputs_stand_in_a_list(rng):
    a, b = rng.normal(size=(2, 4, 3))
    call = nn.run_layer(nn.Multiply(), [a, b], np.ones((4, 3)), backend=BACKEND)
    np.testing.assert_array_equal(call.input_gradients[0], b)
    np.testing.assert_array_equal(call.input_gradients[1], a)


def test_backward_fields_need_a_gradient():
    call = nn.run_layer(nn.Dense(2), np.ones((4, 3)), backend=BACKEND)
    with pytest.raises(NNError, match="param_gradients was not computed"):
        _ = call.param_gradients


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"params": {"kernel": np.ones((3, 2), "f4")}}, DTypeError, "dense/kernel is float32"),
        ({"params": {"kernel": np.ones((2, 2))}}, ShapeError, r"kernel: expected \(3, 2\)"),
        ({"params": {"kernal": np.ones((3, 2))}}, LookupError, "did you mean 'kernel'"),
        ({"dy": np.ones((4, 3))}, ShapeError, r"output is \(4, 2\), its gradient dy \(4, 3\)"),
        ({"backend": "nunpy"}, LookupError, "did you mean 'numpy'"),
    ],
)
def test_wrong_arguments_are_named(given, error, message):
    with pytest.raises(error, match=message):
        nn.run_layer(nn.Dense(2), np.ones((4, 3)), **{"backend": BACKEND} | given)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.ones((4, 3), "float16"), DTypeError, "got float16"),
        (np.ones((4, 3), ">f4"), DTypeError, "got >f4"),
        (np.ones((4, 3), int), DTypeError, "float32 or float64, got int64"),
        ([[1.0, 2.0, 3.0]], DTypeError, "expected arrays .* got list"),
        (np.ones((0, 3)), DataError, r"one row or more, got \(0, 3\)"),
        (np.array(1.0), DataError, r"one row or more, got \(\)"),
    ],
    ids=repr,
)
def test_inputs_that_kernels_cannot_read_are_refused(x, error, message, backend):
    with pytest.raises(error, match=message):
        nn.run_layer(nn.Dense(2), x, backend=backend)
