"""`apply` installs the next step and no other; `compile` starts afresh, or not at all."""

from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.core.errors import StepError, UnknownNameError
from tests.backends import BACKEND
from tests.nets import assert_same_bits, conv_net, everything, images

X, Y = images()


def change_trained(model):
    model.set_weights({"dense/bias": np.ones(3)})


def change_frozen(model):
    model.set_weights({"conv2d/bias": np.ones(4)})


def change_state(model):
    model.set_weights({"batch_normalization/moving_mean": np.ones(4)})


def change_optimizer(model):
    model.compile("sgd", "sparse_categorical_crossentropy")


def change_frozen_layers(model):
    model.freeze("dense")


def take_a_step(model):
    model.train_step(X, Y)


def change_iteration(model):
    model.iteration = 7


CHANGES = [
    change_trained,
    change_frozen,
    change_state,
    change_optimizer,
    change_frozen_layers,
    take_a_step,
    change_iteration,
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_step_from_other_values_is_refused(change, optimizer):
    model = conv_net(optimizer=optimizer)
    model.freeze("conv2d")
    batch = model.train_step(X, Y).batch
    model.compile(optimizer, "sparse_categorical_crossentropy", ["accuracy"])
    step = model.compute_step(batch)
    change(model)
    before = everything(model)
    with pytest.raises(StepError, match=r"apply: step 0 .*; compute a new step"):
        model.apply(step)
    assert_same_bits(everything(model), before)


def test_step_is_applied_once():
    model = conv_net()
    step = model.train_step(X, Y)
    before = everything(model)
    with pytest.raises(StepError, match="applied already"):
        model.apply(step)
    assert_same_bits(everything(model), before)


def test_another_model_may_be_read_before_a_step_is_applied():
    layer, x = nn.Dense(3, activation="softmax"), nn.Input((6, 6, 1))
    embedding = nn.Flatten()(x)
    model = nn.Model(x, layer(embedding), backend=BACKEND, seed=0)
    model.compile("sgd", "sparse_categorical_crossentropy")
    same = nn.Model(x, layer(embedding), backend=BACKEND)

    def read(step):
        same.predict(X)
        nn.Model(x, layer(embedding), backend=BACKEND).predict(X)

    model.fit(X, Y, verbose=0, callbacks=nn.LambdaCallback(on_step=read))
    assert model.iteration == 1
    np.testing.assert_array_equal(same.params["dense/kernel"], model.params["dense/kernel"])
    np.testing.assert_array_equal(same.predict(X), model.predict(X))


def test_step_of_another_model_is_refused():
    with pytest.raises(StepError):
        conv_net().apply(conv_net().compute_step(conv_net().train_step(X, Y).batch))


def test_applied_step_is_the_one_that_was_computed():
    model, other = conv_net(), conv_net()
    batch = model.train_step(X, Y).batch
    other.train_step(X, Y)
    step = model.compute_step(batch)
    model.apply(step)
    other.train_step(X, Y)
    assert_same_bits(everything(model), everything(other))


def test_compile_starts_the_optimizer_afresh():
    model = conv_net()
    model.train_step(X, Y)
    model.compile("adam", "sparse_categorical_crossentropy")
    assert model.iteration == 0
    assert not np.any(model.train_step(X, Y).slots["first_moment"].buffer)


def test_refused_compile_leaves_the_old_settings():
    model = conv_net()
    model.train_step(X, Y)
    before, compiled = everything(model), model.compiled
    with pytest.raises(UnknownNameError):
        model.compile("adamm", "sparse_categorical_crossentropy")
    assert model.compiled is compiled
    assert_same_bits(everything(model), before)
