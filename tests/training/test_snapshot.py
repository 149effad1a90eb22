"""A model goes back to a snapshot, and over to another model's, and goes on with the same bits."""

from __future__ import annotations

import pytest

import nnscratch as nn
from tests.backends import BACKEND
from tests.nets import assert_same_bits, conv_net, everything, images

X, Y = images(14)


def fit(model, **options):
    return model.fit(X, Y, batch_size=4, epochs=2, verbose=0, **options)


@pytest.mark.parametrize("optimizer", ["adam", nn.SGD(0.1, momentum=0.9), "sgd"])
@pytest.mark.parametrize("other", [False, True], ids=["back", "over"])
def test_training_goes_on_with_the_same_bits(optimizer, other):
    model = conv_net(optimizer=optimizer)
    fit(model)
    snapshot, before = model.snapshot(), everything(model)
    fit(model)
    goes_on = conv_net(optimizer=optimizer, seed=model.seed) if other else model
    after = everything(model)
    goes_on.restore(snapshot)
    assert_same_bits(everything(goes_on), before)
    fit(goes_on)
    assert_same_bits(everything(goes_on), after)


def test_snapshot_stays_as_it_was():
    model = conv_net()
    snapshot = model.snapshot()
    first = {path: value.tobytes() for path, value in snapshot.values.items()}
    fit(model)
    assert {path: value.tobytes() for path, value in snapshot.values.items()} == first
    assert (snapshot.iteration, snapshot.slots) == (0, None)


def test_learning_rate_comes_back():
    model = conv_net()
    snapshot = model.snapshot()
    model.learning_rate = 0.5
    model.restore(snapshot)
    assert model.learning_rate == 0.001


def net(**options):
    """A convolution whose activation has a weight of its own, at a path below the convolution's."""
    layers = [
        nn.Input((6, 6, 1)),
        nn.Conv2D(2, 3, activation=nn.PReLU(), **options),
        nn.Flatten(),
        nn.Dense(3, activation="softmax"),
    ]
    model = nn.Sequential(layers, backend=BACKEND, seed=0, store=nn.Store())
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def test_exactly_what_was_frozen_is_frozen_again():
    model, other = net(trainable=False), net()
    assert list(model.parameters.frozen) == ["conv2d/kernel", "conv2d/bias"]
    fit(model)
    other.restore(model.snapshot())
    assert other.parameters.frozen_layers == {"conv2d"}
    assert list(other.parameters.trained) == list(model.parameters.trained)
    fit(model)
    fit(other)
    assert_same_bits(everything(other), everything(model))


def test_other_weights_are_refused_and_nothing_changes():
    model, other = conv_net(), net()
    before = everything(other)
    with pytest.raises(nn.ShapeError, match="conv2d/kernel"):
        other.restore(model.snapshot())
    assert_same_bits(everything(other), before)
