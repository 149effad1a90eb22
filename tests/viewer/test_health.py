from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.viewer.health import KNOWN, SIGNS, health
from tests.viewer.recorded import X, Y, digits_net
from tests.viewer.test_recording import unpacked


def said(model, rate=0.001, **options):
    """What is said of each call in the first step."""
    recorder = nn.Recorder(**options)
    model.compile(nn.SGD(rate), "sparse_categorical_crossentropy")
    model.fit(X, Y, batch_size=16, verbose=0, callbacks=recorder)
    found = health(recorder, model.graph, np.array([0, 3]))
    assert all(unpacked(own).shape == (2,) for own in found["calls"].values())
    texts = [sign["text"] for sign in found["signs"]]
    assert len(texts) == len(KNOWN) + len(SIGNS)
    return {key: texts[unpacked(own)[0]] for key, own in found["calls"].items()}


def changed(path, change):
    model = digits_net()
    model.set_weights({path: change(model.params[path])})
    return model


def test_a_healthy_network():
    assert set(said(digits_net()).values()) == {"nothing to see"}


@pytest.mark.parametrize(
    ("path", "change", "call", "text"),
    [
        ("dense/kernel", lambda w: 0 * w, "conv2d#0", "all of it is exactly 0"),
        ("dense/kernel", lambda w: 0 * w + np.nan, "dense#0", "NaN or infinite"),
        ("conv2d/bias", lambda b: b - 100, "conv2d/relu#0", "saturated in 99.9% or more"),
        ("conv2d/bias", lambda b: b - 100, "conv2d#0", "all of it is exactly 0"),
        ("dense/kernel", lambda w: 1e-4 * w, "dense#0", "a kernel jumps"),
    ],
)
def test_signs(path, change, call, text):
    assert text in said(changed(path, change), rate=0.1)[call]


def test_a_kernel_that_stands():
    assert "a kernel hardly moves" in said(digits_net(), rate=1e-6)["conv2d#0"]


def test_a_kernel_that_rests():
    assert "a kernel rests" in said(digits_net(), rate=0.0)["conv2d#0"]


def test_an_answer_may_be_sure():
    found = said(changed("dense/kernel", lambda w: 300 * w))
    assert "saturated" not in found["dense/softmax#0"]


def test_what_was_not_selected_is_not_there():
    assert set(said(digits_net(), select="dense*")) == {"dense#0", "dense/softmax#0"}


def test_what_lies_before_frozen_layers():
    model = digits_net()
    model.freeze("conv2d*")
    assert said(model)["conv2d#0"] == "nothing to see"
