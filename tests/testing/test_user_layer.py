"""A layer that a user writes from scratch: checked, then trained, with the public names only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nnscratch as nn
from tests.backends import BACKEND, BACKENDS


class Scale(nn.Layer):
    """y = gain * x, one gain per channel."""

    def spec(self, shape: Any) -> nn.Spec:
        return nn.Spec(shape, {"gain": nn.Param(shape[-1:], nn.initializers.Ones())})

    def forward(self, ctx: Any, params: Any, state: Any, x: Any) -> nn.Output:
        return nn.Output(params["gain"] * x, cache=x)

    def backward(self, ctx: Any, params: Any, cache: Any, dy: Any) -> nn.Gradients:
        rows = tuple(range(dy.ndim - 1))
        return nn.Gradients((params["gain"] * dy,), {"gain": (cache * dy).sum(rows)})


class ForgetfulScale(Scale):
    """Forgets its gain in dx, which only shows where that is not 1."""

    def backward(self, ctx: Any, params: Any, cache: Any, dy: Any) -> nn.Gradients:
        return nn.Gradients((dy,), super().backward(ctx, params, cache, dy).params)


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_passes_every_check(backend: str) -> None:
    nn.testing.check_layer(Scale(), in_shapes=[(4, 4, 3)], backend=backend)
    nn.testing.check_gradients(Scale(), in_shapes=[(5,)], backend=backend).assert_passed()


def test_its_mistake_is_found_and_printed() -> None:
    report = nn.testing.check_gradients(ForgetfulScale(), in_shapes=[(3,)], backend=BACKEND)
    assert not report.ok
    assert [d.name for d in report.derivatives if not d.verdict.ok] == ["input"]
    assert "backward says" in str(report)
    with pytest.raises(nn.testing.GradientError):
        report.assert_passed()


def test_it_trains_in_a_model() -> None:
    x = np.random.default_rng(0).standard_normal((32, 3)).astype(np.float32)
    model = nn.Sequential([nn.Input((3,)), Scale()], backend=BACKEND, seed=0)
    model.compile("sgd", "mse")
    history = model.fit(x, 2 * x, epochs=5, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert (model.params["scale/gain"] > 1).all()


class Gain(Scale):
    """A layer that hands what it does not know on, as Keras's layers do."""

    def __init__(self, factor: float, **others: Any):
        super().__init__(**others)
        self.factor = factor


def test_it_may_pass_arguments_on() -> None:
    layer = Gain(2.0, name="louder", trainable=False)
    assert (layer.name, layer.trainable) == ("louder", False)
    assert repr(layer) == "Gain(factor=2.0, name='louder', trainable=False)"
    with pytest.raises(TypeError, match="nmae"):
        Gain(2.0, nmae="louder")
