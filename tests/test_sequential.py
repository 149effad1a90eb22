"""Chains: with and without a declared input, compiled early, extended late."""

from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.core.errors import DataError, GraphError, NNError, ShapeError
from tests.backends import BACKEND
from tests.nets import assert_same_bits, everything

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(6, 4)), RNG.normal(size=(6, 2))
OPTIONS = {"backend": BACKEND, "dtype": "float64", "seed": 1}


def chain(*layers, **options):
    return nn.Sequential(layers, **OPTIONS | options)


def trained(model):
    model.compile("adam", "mse")
    model.fit(X, Y, batch_size=2, verbose=0)
    return everything(model)


def test_input_may_be_declared_built_or_found_in_the_data():
    def hidden():
        return [nn.Dense(3, activation="tanh"), nn.Dense(2)]

    declared = trained(chain(nn.Input((4,)), *hidden()))
    built = chain(*hidden())
    built.build((4,))
    called = chain(*hidden())
    called(nn.Input((4,)))
    for model in (built, called, chain(*hidden())):
        assert_same_bits(trained(model), declared)


def test_settings_wait_until_the_input_is_known():
    model = chain(nn.Dense(2))
    model.compile(nn.SGD(0.5), "mse", ["mae"])
    assert model.train_step(X, Y).metrics.keys() == {"mae"}
    assert model.learning_rate == 0.5


def test_predicting_finds_the_input_too():
    assert chain(nn.Dense(2)).predict(X).shape == (6, 2)


def test_layers_are_added_before_and_after_building():
    model = chain()
    for layer in (nn.Input((4,)), nn.Dense(3)):
        model.add(layer)
    model.compile("adam", "mse")
    kernel = model.params["dense/kernel"].copy()
    assert model.predict(X).shape == (6, 3)
    model.add(nn.Dense(2))
    assert model.predict(X).shape == (6, 2)
    np.testing.assert_array_equal(model.params["dense/kernel"], kernel)
    assert "dense_1/kernel" in model.train_step(X, Y).before


def test_networks_may_stand_in_the_chain():
    a = nn.Input((3,))
    inner = nn.Model(a, nn.Dense(2)(a), name="head", **OPTIONS)
    body = chain(nn.Dense(3, activation="tanh"), nn.BatchNormalization(), name="body")
    model = chain(nn.Input((4,)), body, inner)
    assert list(model.graph.layers) == [
        "body/dense",
        "body/dense/tanh",
        "body/batch_normalization",
        "head/dense",
    ]
    trained(model)
    hidden = body.predict(X)
    np.testing.assert_array_equal(inner.predict(hidden), model.predict(X))


def test_same_layer_twice_in_a_chain_is_shared():
    shared = nn.Dense(4)
    model = chain(nn.Input((4,)), shared, shared)
    assert set(model.params) == {"dense/kernel", "dense/bias"}
    model.compile("sgd", "mse")
    assert list(model.train_step(X, X).calls) == ["dense#0", "dense#1"]


@pytest.mark.parametrize(
    "use",
    [
        lambda model: model.summary(),
        lambda model: model.get_weights(),
        lambda model: model.params,
        lambda model: model.build(),
        lambda model: model.freeze("dense"),
        lambda model: model.save_weights("nowhere"),
    ],
)
def test_unbuilt_chain_says_what_it_waits_for(use):
    with pytest.raises(NNError, match=r"its input is not known yet; begin with nn\.Input"):
        use(chain(nn.Dense(2)))


def test_unbuilt_chain_can_be_looked_at():
    model = chain(nn.Dense(2), name="early")
    assert repr(model) == "<Sequential early>"
    assert "not known" in model._repr_html_()
    assert not hasattr(model, "no_such_thing")


def test_data_that_the_layers_cannot_read_leave_the_input_open():
    model = chain(nn.Conv2D(1, 3), nn.Flatten())
    model.compile("sgd", "mse")
    for wrong in (X, X[..., None], np.ones((2, 2, 2, 1))):
        with pytest.raises(ShapeError):
            model.predict(wrong)
    assert model.predict(np.ones((2, 5, 5, 1))).shape == (2, 9)


def test_list_of_one_array_is_not_guessed_at():
    model = chain(nn.Dense(2))
    with pytest.raises(DataError, match="may be one row or all of them; give the array itself"):
        model.predict([X])
    assert model.predict(X.tolist()).shape == model.predict([X]).shape == (6, 2)


def test_later_data_must_have_the_shape_of_the_first():
    model = chain(nn.Dense(2))
    model.predict(X)
    with pytest.raises(ShapeError, match=r"x: expected \(N, 4\), got \(6, 3\)"):
        model.predict(X[:, :3])


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([nn.Dense], r"expected a layer, got <class .*Dense'>; make one of it: call the class"),
        (["dense"], "expected a layer, got 'dense'"),
        ([nn.Dense(2), nn.Input((4,))], r"an nn\.Input may only stand first"),
        ([nn.Input((4,)), nn.Input((4,))], r"an nn\.Input may only stand first"),
        (nn.Dense(2), r"expected a list of layers, got Dense\(units=2\)"),
    ],
)
def test_what_is_no_chain_is_refused(layers, message):
    with pytest.raises(GraphError, match=message):
        nn.Sequential(layers, backend=BACKEND)


def test_empty_chain_is_refused():
    with pytest.raises(GraphError, match="has no layers"):
        chain(nn.Input((4,))).predict(X)


def test_network_of_several_outputs_does_not_fit_into_a_chain():
    a = nn.Input((4,))
    fork = nn.Model(a, [nn.Dense(1)(a), nn.Dense(2)(a)], **OPTIONS)
    with pytest.raises(GraphError, match="has 2 outputs, a chain takes one"):
        chain(nn.Input((4,)), fork).build()


def test_input_of_a_network_in_front_is_the_input_of_the_chain():
    base = nn.Sequential([nn.Input((3,)), nn.Dense(4)], name="base", backend=BACKEND)
    model = nn.Sequential([base, nn.Dense(2)], backend=BACKEND)
    model.freeze("base")
    assert list(model.parameters.trained) == ["dense/kernel", "dense/bias"]
