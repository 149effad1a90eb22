"""`repeat` takes a step again, from the same values or from others."""

from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.core.errors import StepError
from tests.nets import assert_same_bits, contents, conv_net, everything, images

X, Y = images()


@pytest.fixture
def model():
    model = conv_net()  # with dropout and batch norm
    model.train_step(X, Y)
    return model


def test_repeats_to_the_bit_however_far_training_has_gone(model):
    step = model.train_step(X, Y)
    for _ in range(2):
        model.train_step(X[:5], Y[:5])
    assert_same_bits(contents(model.repeat(step)), contents(step))


def test_changes_nothing(model):
    step = model.compute_step(nn.Batch((X,), (Y,)))
    before = everything(model)
    model.repeat(step, step.after)
    assert_same_bits(everything(model), before)


def test_draws_the_same_masks_at_other_values(model):
    step = model.train_step(X, Y)
    again = model.repeat(step, step.after)
    np.testing.assert_array_equal(again["dropout"].cache.kept, step["dropout"].cache.kept)
    assert again.before is step.after
    assert again.loss < step.loss


def test_keeps_what_it_is_asked_for(model):
    again = model.repeat(model.train_step(X, Y), keep=frozenset({"output"}))
    assert again["dense"].kept == {"output"}


def test_refuses_a_step_that_trained_something_else(model):
    step = model.train_step(X, Y)
    model.freeze("conv2d")
    with pytest.raises(StepError, match=r"step 1 trained conv2d/kernel, .*; now it is batch"):
        model.repeat(step)
    model.unfreeze("conv2d")
    assert model.repeat(step).loss == step.loss
