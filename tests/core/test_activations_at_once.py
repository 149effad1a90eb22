"""A product applies the activation that follows it where nobody sees what lies between."""

from __future__ import annotations

import numpy as np
import pytest

from nnscratch.core.executor import backward, forward
from nnscratch.core.graph import Input
from nnscratch.core.layer import Output
from nnscratch.core.store import by_layer
from nnscratch.core.tape import ALL
from nnscratch.kernels.geometry import Window
from nnscratch.kernels.ops import Curve
from nnscratch.layers import ELU, Activation, Add, Conv2D, Dense, Flatten, LeakyReLU, PReLU, ReLU
from nnscratch.model import Model
from nnscratch.network import Network
from nnscratch.training.callbacks import LambdaCallback
from tests.backends import BACKEND, BACKENDS

KEPT = frozenset({"cache"})


def network(inputs, outputs, backend="numba"):
    return Network(inputs, outputs, backend=backend, dtype="float32", seed=0)


def chain(activation, backend):
    x = Input((6, 5, 2))
    h = Conv2D(3, 3, activation=activation)(x)
    h = Activation("tanh")(Conv2D(4, 2, use_bias=False)(h))
    return network(x, Dense(3, activation="softmax")(Dense(5, "sigmoid")(Flatten()(h))), backend)


def weights(net):
    return by_layer(net.parameters.trained, net.parameters.frozen)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("activation", ["relu", "elu", ELU(0.3), LeakyReLU(), "sigmoid", "tanh"])
def test_to_the_same_bits(rng, backend, activation):
    net = chain(activation, backend)
    x = net.backend.from_host(rng.standard_normal((4, 6, 5, 2)).astype(np.float32))
    results = []
    for keep in (ALL, KEPT):
        tape = forward(net.parameters.plan, net.context(True), weights(net), {}, [x], keep=keep)
        y, dy = tape.outputs[0], np.ones_like(tape.outputs[0])
        dy[:, 0] = 2
        tape = backward(net.parameters.plan, tape, weights(net), [dy], keep=keep)
        results.append({"y": y, **tape.gradients})
    for name, value in results[0].items():
        assert np.array_equal(value, results[1][name]), name
        assert value.any()


def test_the_product_is_told(rng, monkeypatch):
    net = chain("relu", "numpy")
    k, told = net.backend.k, []

    def spy(*arguments):
        told.append(arguments[-1])
        return conv2d(*arguments)

    conv2d = k.conv2d
    monkeypatch.setattr(k, "conv2d", spy)
    x = rng.standard_normal((4, 6, 5, 2)).astype(np.float32)
    for keep in (ALL, KEPT):
        forward(net.parameters.plan, net.context(True), weights(net), {}, [x], keep=keep)
    assert told == [None, None, Curve("relu", (0.0, np.inf, 0.0)), Curve("tanh")]


def activations(net):
    keys = net.graph.keys
    return {keys[a]: keys[b] for a, b in net.parameters.plan.activations.items()}


def test_which_ones():
    assert activations(chain("relu", "numba")) == {
        "conv2d#0": "conv2d/relu#0",
        "conv2d_1#0": "activation#0",
        "dense#0": "dense/sigmoid#0",
    }


def test_not_what_somebody_else_reads_too():
    x = Input((3,))
    h = Dense(3)(x)
    assert activations(network(x, Add()([Activation("relu")(h), h]))) == {}


def test_not_what_is_an_output_itself():
    x = Input((3,))
    h = Dense(3)(x)
    assert activations(network(x, [Activation("relu")(h), h])) == {}


def test_not_an_activation_whose_gradient_needs_its_input():
    x = Input((3,))
    assert activations(network(x, PReLU()(Dense(3)(x)))) == {}


class Doubled(Conv2D):
    def forward(self, ctx, params, state, *xs):
        y = ctx.k.conv2d(*xs, 2 * params["kernel"], Window((3, 3)), 1)
        return Output(y, self.Cache(*xs))


class Halved(ReLU):
    def forward(self, ctx, params, state, *xs):
        y, cache, _ = super().forward(ctx, params, state, *xs)
        return Output(y / 2, cache)


def test_not_where_a_subclass_has_a_forward_of_its_own():
    x = Input((6, 5, 2))
    assert activations(network(x, ReLU()(Doubled(3, 3)(x)))) == {}
    assert activations(network(x, Halved()(Conv2D(3, 3)(x)))) == {}


def test_not_where_somebody_watches(rng):
    net = chain("relu", "numba")
    x = rng.standard_normal((4, 6, 5, 2)).astype(np.float32)
    seen = {}
    plan, ctx = net.parameters.plan, net.context(True)

    def watch(call):
        seen[call.key] = call.output

    forward(plan, ctx, weights(net), {}, [x], keep=KEPT, watch=watch)
    assert (seen["conv2d#0"] < 0).any()
    np.testing.assert_array_equal(seen["conv2d/relu#0"], np.maximum(seen["conv2d#0"], 0))


def test_fit_lets_them_unless_a_callback_watches(rng, monkeypatch):
    x = Input((6, 5, 2))
    model = Model(x, Dense(1)(Flatten()(Conv2D(3, 3, activation="relu")(x))), backend=BACKEND)
    model.compile("sgd", "mse")
    seen = []

    def spy(*arguments):
        seen.append(arguments[-1] is not None)
        return conv2d(*arguments)

    conv2d = model.backend.k.conv2d
    monkeypatch.setattr(model.backend.k, "conv2d", spy)
    rows = rng.standard_normal((4, 6, 5, 2)), rng.standard_normal((4, 1))
    for callback in (LambdaCallback(), LambdaCallback(on_forward=lambda call: None)):
        model.fit(*rows, verbose=0, callbacks=[callback])
    assert seen == [True, False]
