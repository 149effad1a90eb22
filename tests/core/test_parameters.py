"""Values of weights: shared, separate, frozen, replaced."""

from __future__ import annotations

import copy
import pickle
import re

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.core.errors import DTypeError, NNError, ShapeError, UnknownNameError
from tests.backends import BACKEND
from tests.nets import assert_same_bits, conv_net, everything, images

X, Y = images()


def dense_model(layer, length=3, **options):
    x = nn.Input((length,))
    return nn.Network(x, layer(x), **{"backend": BACKEND, "seed": 0} | options)


def test_models_over_one_layer_share_its_values():
    layer = nn.Dense(2)
    one, other = dense_model(layer, seed=1), dense_model(layer, seed=2)
    one.set_weights([np.ones((3, 2)), np.ones(2)])
    for path, value in other.params.items():
        np.testing.assert_array_equal(value, np.ones_like(value), err_msg=path)


def test_models_with_stores_of_their_own_do_not():
    layer = nn.Dense(2)
    one, other = (dense_model(layer, store=nn.Store()) for _ in range(2))
    before = other.get_weights()
    one.set_weights([np.ones((3, 2)), np.ones(2)])
    assert all(np.array_equal(a, b) for a, b in zip(before, other.get_weights(), strict=True))


def test_first_values_depend_on_seed_and_path_alone():
    x = nn.Input((3,))
    small = nn.Network(x, nn.Dense(2)(x), backend=BACKEND, seed=5)
    large = nn.Network(x, nn.Dense(4)(nn.Dense(2)(x)), backend="numba", seed=5)
    np.testing.assert_array_equal(small.params["dense/kernel"], large.params["dense/kernel"])
    other = nn.Network(x, nn.Dense(2)(x), backend=BACKEND, seed=6)
    assert not np.array_equal(small.params["dense/kernel"], other.params["dense/kernel"])


@pytest.mark.parametrize(("length", "other"), [(3, 4), (1, 4)])
def test_shared_layer_needs_inputs_of_one_length(length, other):
    layer = nn.Dense(2)
    dense_model(layer, length)
    message = rf"dense/kernel .* it is \({length}, 2\), this one needs \({other}, 2\)"
    with pytest.raises(ShapeError, match=message):
        dense_model(layer, other)


def test_shared_layer_needs_one_dtype():
    layer = nn.Dense(2)
    dense_model(layer)
    with pytest.raises(DTypeError, match="this one is float64; give models that share"):
        dense_model(layer, dtype="float64")


def test_refused_model_leaves_no_values_behind():
    old, new = nn.Dense(2), nn.Dense(3)
    dense_model(old)
    x = nn.Input((3,))
    with pytest.raises(DTypeError):
        nn.Network(x, old(new(x)), backend=BACKEND, dtype="float64")
    dense_model(new, dtype="float64")


def test_initializer_of_the_wrong_shape_is_named():
    layer = nn.Dense(2, kernel_initializer=lambda shape, rng: np.zeros(shape[::-1]))
    with pytest.raises(NNError, match=r"dense/kernel: .* returned \(2, 3\), expected \(3, 2\)"):
        dense_model(layer)


@pytest.mark.host("CuPy's arrays cannot be made read-only")
def test_params_are_views_that_nobody_can_write_into():
    model = dense_model(nn.Dense(2))
    with pytest.raises(ValueError, match="read-only"):
        model.params["dense/kernel"][0, 0] = 1
    with pytest.raises(UnknownNameError, match="'dense/kernal': did you mean 'dense/kernel'"):
        model.params["dense/kernal"]
    assert "dense/kernal" not in model.params
    with pytest.raises(NNError, match=r"to set a weight, model.set_weights\({'dense/bias': value"):
        model.params["dense/bias"] = np.ones(2)  # which a dict of its own would swallow
    own = copy.deepcopy(model.params)
    own["dense/bias"] = pickle.loads(pickle.dumps(model.params))["dense/bias"] + 1
    assert own["dense/bias"].tolist() == [1, 1]
    model.get_weights()[0][...] = 7
    assert not np.any(model.params["dense/kernel"] == 7)


# -- freezing -------------------------------------------------------------------------------------


def test_frozen_parameters_stay_while_the_others_move():
    model = conv_net()
    model.freeze("conv2d*")
    before = dict(model.params)
    step = model.train_step(X, Y)
    assert set(step.before) == {path for path in before if path.startswith(("batch", "dense"))} - {
        "batch_normalization/moving_mean",
        "batch_normalization/moving_variance",
    }
    moved = {path for path in before if not np.array_equal(before[path], model.params[path])}
    assert not moved & {"conv2d/kernel", "conv2d/bias"}
    assert "dense/kernel" in moved
    model.unfreeze("conv2d")
    assert "conv2d/kernel" in model.train_step(X, Y).before


def test_freezing_is_each_model_s_own_choice():
    inner = nn.Sequential([nn.Input((3,)), nn.Dense(2)], name="inner", backend=BACKEND, seed=0)
    x = nn.Input((3,))
    outer = nn.Model(x, nn.Dense(1)(inner(x)), backend=BACKEND, seed=0)
    inner.freeze("*")
    assert list(outer.parameters.frozen) == []
    outer.freeze("inner")
    assert list(outer.parameters.frozen) == ["inner/dense/kernel", "inner/dense/bias"]


def test_frozen_batch_norm_infers():
    model = conv_net()
    model.train_step(X, Y)
    model.freeze("batch_normalization")
    step = model.train_step(X, Y)
    call = step["batch_normalization"]
    mean, variance = (step.state[call.path][f"moving_{name}"] for name in ("mean", "variance"))
    expected = (call.inputs[0] - mean) / np.sqrt(variance + 1e-3)
    gamma, beta = (step.frozen[f"{call.path}/{name}"] for name in ("gamma", "beta"))
    np.testing.assert_allclose(call.output, gamma * expected + beta, rtol=1e-4, atol=1e-5)
    assert step.state_after[call.path] == step.state[call.path]


def test_untrainable_layer_starts_frozen():
    model = dense_model(nn.Dense(2, trainable=False))
    assert not model.parameters.trained
    assert set(model.parameters.frozen) == {"dense/kernel", "dense/bias"}


def test_slots_are_carried_over_to_another_set_of_layers():
    model = conv_net()
    last = model.train_step(X, Y)
    model.freeze("conv2d")
    step = model.train_step(X, Y)
    for name, slot in step.slots.items():
        expected = last.slots_after[name]
        assert_same_bits(slot, {path: expected[path] for path in slot})
    assert not np.any(conv_net().train_step(X, Y).slots["first_moment"]["dense/kernel"])


def test_everything_frozen_learns_nothing():
    model = conv_net()
    model.freeze("*")
    before = everything(model)
    step = model.train_step(X, Y)
    after = everything(model)
    assert len(step.before) == 0
    assert_same_bits(
        {p: v for p, v in after.items() if "param" in p},
        {p: v for p, v in before.items() if "param" in p},
    )


def test_freezing_takes_all_patterns_or_none():
    model = conv_net()
    with pytest.raises(UnknownNameError, match="'dens': did you mean 'dense'"):
        model.freeze("conv2d", "dens")
    model.freeze("batch_normalization")
    assert set(model.parameters.frozen) == {
        "batch_normalization/gamma",
        "batch_normalization/beta",
    }


# -- replacing ------------------------------------------------------------------------------------


def test_order_of_weights_is_keras_s():
    names = [path.rpartition("/")[2] for path in conv_net().params]
    assert names == [
        *("kernel", "bias"),
        *("gamma", "beta", "moving_mean", "moving_variance"),
        *("kernel", "bias"),
    ]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda w: w[:-1], NNError, "set_weights: expected 8 arrays, got 7"),
        (lambda w: [*w[:-1], np.zeros(4)], ShapeError, "dense/bias: expected (3,), got (4,)"),
        (lambda w: [*w[:-1], np.array(["a", "b", "c"])], DTypeError, "dense/bias: expected float"),
        (lambda w: [*w[:-1], np.zeros(3, complex)], DTypeError, "got complex128"),
        (lambda w: [*w[:-1], np.full(3, 1e300)], DTypeError, "got values too large for it"),
        (
            lambda w: {"conv2d/bias": w[1] + 1, "dense/bia": w[-1]},
            UnknownNameError,
            "unknown weight 'dense/bia': did you mean 'dense/bias'?",
        ),
    ],
)
def test_weights_are_replaced_whole_or_not_at_all(change, error, message):
    model = conv_net()
    before = everything(model)
    with pytest.raises(error, match=re.escape(message)):
        model.set_weights(change([weight + 1 for weight in model.get_weights()]))
    assert_same_bits(everything(model), before)


def test_replaced_weights_are_copies():
    model = dense_model(nn.Dense(2))
    kernel = np.ones((3, 2), np.float32)
    model.set_weights({"dense/kernel": kernel})
    kernel[...] = 5
    np.testing.assert_array_equal(model.params["dense/kernel"], np.ones((3, 2)))
