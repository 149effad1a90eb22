"""The monitors on real models: what they promise about weights, files and learning rates."""

from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from tests.backends import BACKEND

RNG = np.random.default_rng(0)
X = RNG.standard_normal((12, 3))
Y = X @ RNG.standard_normal((3, 1))


def make_model(learning_rate=0.01):
    x = nn.Input((3,))
    y = nn.BatchNormalization()(nn.Dense(4, activation="relu")(x))
    model = nn.Model(x, nn.Dense(1)(y), backend=BACKEND, dtype="float64", seed=1)
    model.compile(nn.SGD(learning_rate), "mean_squared_error")
    return model


class SpoilAfter(nn.Callback):
    """Keeps the weights after every epoch, and makes them worse after one of them."""

    def __init__(self, epoch):
        self.epoch = epoch
        self.weights = []

    def on_epoch_end(self, epoch, logs=None):
        self.weights.append(self.model.get_weights())
        if epoch == self.epoch:
            self.model.set_weights([weight + 2 for weight in self.weights[-1]])


def fit(model, *callbacks, **options):
    return model.fit(X, Y, batch_size=4, verbose=0, callbacks=list(callbacks), **options)


def assert_same(weights, others):
    assert all(np.array_equal(a, b) for a, b in zip(weights, others, strict=True))


def test_early_stopping_restores_every_weight_of_the_best_epoch():
    model, spoil = make_model(), SpoilAfter(2)
    stopping = nn.EarlyStopping("loss", patience=2, restore_best_weights=True)
    history = fit(model, stopping, spoil, epochs=20)
    assert stopping.best_epoch == int(np.argmin(history.history["loss"]))
    assert stopping.best_epoch < len(history.epoch) - 1 < 19
    best = spoil.weights[stopping.best_epoch]
    assert_same(model.get_weights(), best)
    assert not np.array_equal(best[0], spoil.weights[-1][0])


def test_early_stopping_restores_when_training_breaks_off():
    def interrupt(epoch, logs):
        if epoch == 4:
            raise ZeroDivisionError

    model, spoil = make_model(), SpoilAfter(1)
    stopping = nn.EarlyStopping("loss", patience=9, restore_best_weights=True)
    with pytest.raises(ZeroDivisionError):
        fit(model, stopping, spoil, nn.LambdaCallback(on_epoch_end=interrupt), epochs=20)
    assert_same(model.get_weights(), spoil.weights[stopping.best_epoch])


def test_checkpoint_holds_the_best_weights(tmp_path):
    model, spoil = make_model(), SpoilAfter(2)
    path = tmp_path / "best.safetensors"
    checkpoint = nn.ModelCheckpoint(path, "val_loss", save_best_only=True)
    history = fit(model, checkpoint, spoil, epochs=6, validation_split=0.25)
    best = int(np.argmin(history.history["val_loss"]))
    assert best < 5
    other = make_model()
    other.load_weights(path)
    assert_same(other.get_weights(), spoil.weights[best])


def test_reduced_learning_rate_is_what_the_next_steps_use():
    model, ratios = make_model(learning_rate=1e-9), []

    def measure(step):
        path = "dense_1/kernel"
        ratios.append(-float((step.update(path) / step.gradient(path)).ravel()[0]))

    history = fit(
        model,
        nn.ReduceLROnPlateau("loss", factor=0.5, patience=2, min_delta=10),
        nn.LambdaCallback(on_step=measure),
        epochs=5,
    )
    assert history.history["learning_rate"] == [1e-9, 1e-9, 1e-9, 5e-10, 5e-10]
    assert model.learning_rate == 2.5e-10
    np.testing.assert_allclose(ratios, [1e-9] * 9 + [5e-10] * 6)
