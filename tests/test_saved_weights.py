"""Weights that go through a file come back to the bit, or not at all."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nnscratch as nn
from nnscratch.training.weight_files import WeightFileError
from tests.backends import BACKEND
from tests.nets import assert_same_bits, conv_net, everything, images, linear

X, Y = images()
A = np.random.default_rng(0).normal(size=(8, 3))

SMALL_LAYERS = [
    st.builds(nn.Dense, st.integers(1, 4), use_bias=st.booleans()),
    st.builds(nn.BatchNormalization, center=st.booleans(), scale=st.booleans()),
    st.builds(nn.PReLU),
    st.builds(nn.Dense, st.integers(1, 3), activation=st.sampled_from(["tanh", "relu"])),
]


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.one_of(SMALL_LAYERS), min_size=1, max_size=4),
    st.sampled_from(["float32", "float64"]),
)
def test_saved_weights_come_back_to_the_bit(tmp_path_factory, layers, dtype):
    path = tmp_path_factory.mktemp("weights") / "weights.safetensors"
    models = [
        nn.Sequential(
            [nn.Input((3,)), *layers], backend=BACKEND, dtype=dtype, seed=seed, store=nn.Store()
        )
        for seed in (1, 2)
    ]
    saved, loaded = models
    saved.save_weights(path)
    loaded.load_weights(path)
    assert_same_bits(loaded.params, saved.params)
    np.testing.assert_array_equal(loaded.predict(A), saved.predict(A))


@pytest.mark.parametrize("damage", ["cut", "other weights", "other dtype"])
def test_file_that_does_not_fit_changes_nothing(tmp_path, damage):
    path = tmp_path / "weights.safetensors"
    source = linear(np.ones((3, 2))) if damage == "other weights" else conv_net()
    if damage == "other dtype":
        source = conv_net(dtype="float64")
    source.save_weights(path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-10])
    model = conv_net()
    model.train_step(X, Y)
    before = everything(model)
    with pytest.raises(WeightFileError, match=re.escape(str(path))):
        model.load_weights(path)
    assert_same_bits(everything(model), before)


def test_training_goes_on_from_loaded_weights(tmp_path):
    path = tmp_path / "weights.safetensors"
    model, other = conv_net(optimizer="sgd"), conv_net(optimizer="sgd", seed=9)
    model.train_step(X, Y)
    model.save_weights(path)
    other.load_weights(path)
    assert other.evaluate(X, Y) == model.evaluate(X, Y)
