"""`fit`: its arguments, what it reports, and Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.core.errors import NNError
from nnscratch.core.store import Store
from nnscratch.training.batches import order
from nnscratch.training.loop import Meter, Position
from tests.backends import BACKEND
from tests.nets import assert_same_bits, conv_net, everything, images, linear

X, Y = images(14)
ROOT = Path(__file__).parent.parent.parent


def fit(model, **options):
    return model.fit(X, Y, **{"verbose": 0, "batch_size": 4} | options)


# -- arguments ------------------------------------------------------------------------------------


@pytest.mark.parametrize("callbacks", [None, (), [], nn.History(), [nn.History()]])
def test_callbacks_may_be_none_one_or_several(callbacks):
    history = fit(conv_net(), callbacks=callbacks)
    given = [callbacks] if isinstance(callbacks, nn.Callback) else callbacks or []
    assert [other.history for other in given] == [history.history] * len(given)


def test_batch_size_is_32_unless_given():
    x, y = images(40)
    sizes = []
    probe = nn.LambdaCallback(on_step=lambda step: sizes.append(len(step.batch)))
    for size in (None, 32):
        conv_net().fit(x, y, batch_size=size, verbose=0, callbacks=probe)
    conv_net().fit(x, y, verbose=0, callbacks=probe)
    assert sizes == [32, 8] * 3
    model = conv_net()
    assert model.evaluate(x, y, batch_size=None) == model.evaluate(x, y, batch_size=32)
    np.testing.assert_array_equal(model.predict(x, None), model.predict(x, 32))


def test_one_row_is_enough():
    model = conv_net()
    fit(model, callbacks=None)
    history = model.fit(X[:1], Y[:1], verbose=0)
    assert model.iteration == 5
    assert len(history.history["loss"]) == 1
    assert model.predict(X[:1]).shape == (1, 3)


def test_no_epochs_change_nothing():
    model = conv_net()
    before = everything(model)
    assert fit(model, epochs=0).history == {}
    assert fit(model, epochs=2, initial_epoch=2).epoch == []
    assert_same_bits(everything(model), before)


@pytest.mark.parametrize("dtype", [np.float64, np.int8, bool])
def test_data_of_any_dtype_is_cast_to_the_model_s(dtype):
    seen = []
    images_of_ones = np.ones((3, 6, 6, 1), dtype)
    probe = nn.LambdaCallback(on_step=seen.append)
    conv_net().fit(images_of_ones.tolist(), [0, 1, 2], verbose=0, callbacks=probe)
    assert seen[0].batch.inputs[0].dtype == np.float32
    assert seen[0].batch.targets[0].dtype == np.int64


def test_validation_split_sets_the_last_rows_aside():
    model, seen = conv_net(), []
    probe = nn.LambdaCallback(on_step=lambda step: seen.append(step.batch.inputs[0]))
    history = fit(model, validation_split=0.25, callbacks=probe)
    rows = np.concatenate(seen)
    assert {row.tobytes() for row in rows} == {row.tobytes() for row in X[:10]}
    assert history.history["val_loss"] == [pytest.approx(model.evaluate(X[10:], Y[10:])[0])]


def test_class_weights_do_not_reach_the_validation():
    weighted, plain = conv_net("numpy", nn.SGD(0.0)), conv_net("numpy", nn.SGD(0.0))
    weights = {0: 100.0, 1: 100.0, 2: 100.0}
    logs = fit(weighted, validation_split=0.5, class_weight=weights).history
    expected = fit(plain, validation_split=0.5).history
    assert logs["val_loss"] == expected["val_loss"]
    assert logs["loss"][0] > 50 * expected["loss"][0]


def test_validation_data_win_over_the_split_and_may_be_weighted():
    model, weights = conv_net(), np.linspace(0, 1, 5)
    history = fit(model, validation_split=0.5, validation_data=(X[:5], Y[:5], weights))
    loss, _ = model.evaluate(X[:5], Y[:5], sample_weight=weights)
    assert history.history["val_loss"] == [pytest.approx(loss)]
    assert model.iteration == 4


# -- epochs ---------------------------------------------------------------------------------------


def test_order_of_rows_depends_on_seed_and_steps_taken_alone():
    def orders(seed, *fits, **options):
        batches = []
        probe = nn.LambdaCallback(on_step=lambda step: batches.append(step.batch.targets[0]))
        model = linear([[0.0]], optimizer=nn.SGD(0.0))
        model.seed = seed
        for epochs in fits or [1]:
            model.fit(
                np.ones((9, 1)),
                np.arange(9.0),
                epochs=epochs,
                verbose=0,
                callbacks=probe,
                **options,
            )
        return [batch.ravel().tolist() for batch in batches]

    first, second = orders(1, 2)
    assert first != second
    assert sorted(first) == sorted(second) == list(range(9))
    assert orders(1, 2, batch_size=None) == [first, second]
    assert orders(1, 1, 1) == [first, second]
    assert orders(2) != [first]
    assert orders(1, 2, shuffle=False) == [list(range(9))] * 2


@pytest.mark.host("a batch is copied to the GPU")
def test_rows_in_order_are_not_copied():
    batches = []
    seen = nn.LambdaCallback(on_step=lambda step: batches.append(step.batch.inputs[0]))
    x = X.astype(np.float32)
    conv_net().fit(x, Y, batch_size=4, shuffle=False, verbose=0, callbacks=seen)
    assert all(np.shares_memory(batch, x) for batch in batches)


def test_nothing_of_a_step_is_held_when_the_next_one_begins():
    steps, alive = [], []

    def begin(batch, logs=None):
        alive.extend(step() is not None for step in steps)

    probe = nn.LambdaCallback(
        on_train_batch_begin=begin, on_step=lambda step: steps.append(weakref.ref(step))
    )
    fit(conv_net(), callbacks=probe)
    assert len(steps) == 4
    assert not any(alive)


def test_steps_that_a_callback_takes_count_for_the_order_of_rows():
    model, rows = conv_net(), []

    def begin(epoch, logs=None):
        model.train_step(X[:1], Y[:1])

    seen = nn.LambdaCallback(
        on_epoch_begin=begin, on_step=lambda step: rows.extend(step.batch.targets[0])
    )
    fit(model, epochs=2, callbacks=seen)
    orders = [order(len(X), iteration, model.seed) for iteration in (1, 6)]
    assert rows == [*Y[orders[0]], *Y[orders[1]]]


def test_training_in_two_parts_equals_training_at_once():
    whole, parts = conv_net(), conv_net()
    history = fit(whole, epochs=4)
    first, second = fit(parts, epochs=2), fit(parts, epochs=4, initial_epoch=2)
    assert_same_bits(everything(parts), everything(whole))
    assert history.history["loss"] == first.history["loss"] + second.history["loss"]
    assert second.epoch == [2, 3]


def test_probes_and_validation_change_nothing():
    plain, watched = conv_net(), conv_net()
    fit(plain, epochs=2)
    probe = nn.LambdaCallback(on_step=str, needs=["output", "cache"])
    fit(watched, epochs=2, callbacks=probe, validation_data=(X, Y))
    assert_same_bits(everything(watched), everything(plain))


def test_probe_sees_each_step_before_it_is_applied():
    model, seen = conv_net(), []

    def look(step):
        seen.append((step.index, model.iteration, step.before is model.parameters.trained))

    fit(model, callbacks=nn.LambdaCallback(on_step=look))
    assert seen == [(i, i, True) for i in range(4)]


@pytest.mark.parametrize("hook", ["on_train_batch_end", "on_epoch_end"])
def test_stop_training_ends_after_this_batch_or_epoch(hook):
    model = conv_net()

    def stop(number, logs):
        model.stop_training = True

    history = fit(model, epochs=5, callbacks=nn.LambdaCallback(**{hook: stop}))
    assert model.iteration == (1 if hook == "on_train_batch_end" else 4)
    assert history.epoch == [0]
    fit(model)
    assert model.iteration > 4


# -- positions ------------------------------------------------------------------------------------


class Places(nn.Callback):
    """Notes where training is before every step, and may move it when it begins."""

    def __init__(self, move=None):
        self.move = move
        self.seen = []

    def set_fit(self, fit):
        self.fit = fit

    def on_train_begin(self, logs=None):
        if self.move:
            self.fit.position = self.move

    def on_step(self, step):
        self.seen.append((self.fit.position, step.batch.targets[0].tolist()))


def test_position_says_where_training_is():
    places, model = Places(), conv_net()
    fit(model, epochs=2, callbacks=places, initial_epoch=1)
    fit(model, epochs=1, callbacks=places)
    found = [(place.epoch, place.start, place.batch, place.meter.rows) for place, _ in places.seen]
    assert found[:4] == [(1, 0, batch, 4 * batch) for batch in range(4)]
    assert found[4:] == [(0, 4, batch, 4 * batch) for batch in range(4)]
    assert places.fit.position == (1, 8, 0, Meter())


@pytest.mark.parametrize("begin", range(8))
def test_training_goes_on_from_a_position_with_the_same_rows(begin):
    places = Places()
    fit(conv_net(), epochs=2, callbacks=places)
    rest = Places(move=places.seen[begin][0])
    model = conv_net()
    model.iteration = begin
    history = fit(model, epochs=2, callbacks=rest)
    assert [rows for _, rows in rest.seen] == [rows for _, rows in places.seen[begin:]]
    assert history.epoch == list(range(begin // 4, 2))


def test_nothing_is_trained_behind_the_last_epoch():
    model = conv_net()
    assert fit(model, epochs=2, callbacks=Places(move=Position(2, 8))).epoch == []
    assert model.iteration == 0


# -- logs -----------------------------------------------------------------------------------------


def test_history_is_the_mean_over_rows_of_the_steps():
    steps = []
    history = fit(conv_net(), callbacks=nn.LambdaCallback(on_step=steps.append))
    rows = [len(step.batch) for step in steps]
    assert rows == [4, 4, 4, 2]
    for name in ("loss", "accuracy"):
        values = [step.loss if name == "loss" else step.metrics[name] for step in steps]
        assert history.history[name] == [pytest.approx(np.average(values, weights=rows))]


def test_logs_come_in_keras_s_order():
    history = fit(conv_net(), epochs=3, validation_split=0.25)
    assert list(history.history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert [len(values) for values in history.history.values()] == [3] * 4
    assert history.epoch == [0, 1, 2]


def test_evaluation_infers_and_changes_nothing():
    model = conv_net()
    fit(model)
    before = everything(model)
    losses = {model.evaluate(X, Y)[0] for _ in range(3)}
    assert len(losses) == 1  # dropout would draw again
    np.testing.assert_array_equal(model.predict(X), model.predict(X))
    assert_same_bits(everything(model), before)


# -- Ctrl-C ---------------------------------------------------------------------------------------


def test_ctrl_c_in_the_middle_of_an_update_waits_for_its_end(monkeypatch):
    model, steps = conv_net(), []
    put = Store.put

    def interrupted_put(store, weight, value):
        put(store, weight, value)
        signal.raise_signal(signal.SIGINT)

    def strike(batch):
        if batch == 2:
            monkeypatch.setattr(Store, "put", interrupted_put)

    callbacks = nn.LambdaCallback(on_step=steps.append, on_train_batch_begin=strike)
    with pytest.raises(KeyboardInterrupt):
        fit(model, callbacks=callbacks)
    monkeypatch.setattr(Store, "put", put)
    assert model.iteration == 3
    assert_same_bits(model.params, {**model.params, **steps[-1].after})
    for name, value in steps[-1].state_after["batch_normalization"].items():
        np.testing.assert_array_equal(model.params[f"batch_normalization/{name}"], value)
    step = model.compute_step(steps[0].batch)
    assert step.slots is steps[-1].slots_after


INTERRUPTED = """
import os, random, signal, sys, threading
import nnscratch as nn
from tests.nets import assert_same_bits, conv_net, everything, images

x, y = images(14)
draw = random.Random(int(sys.argv[1]))
for _ in range(4):
    model = conv_net()
    strike = threading.Timer(draw.uniform(0.0, 0.1), os.kill, (os.getpid(), signal.SIGINT))
    def begin(step):
        if step.index == 2:
            strike.start()
    try:
        model.fit(x, y, batch_size=4, epochs=10**9, verbose=0,
                  callbacks=nn.LambdaCallback(on_step=begin))
    except KeyboardInterrupt:
        pass
    strike.join()
    other = conv_net()
    def stop(batch, logs):
        other.stop_training = other.iteration == model.iteration
    end = nn.LambdaCallback(on_train_batch_end=stop)
    other.fit(x, y, batch_size=4, epochs=10**9, verbose=0, callbacks=end)
    assert_same_bits(everything(model), everything(other))
    print(model.iteration)
"""


@pytest.mark.process("another process is interrupted")
def test_ctrl_c_leaves_the_weights_of_a_whole_number_of_steps():
    command = [sys.executable, "-c", INTERRUPTED, "0"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    iterations = [int(line) for line in result.stdout.split()]
    assert len(iterations) == 4
    assert min(iterations) >= 2


def test_unknown_monitor_is_refused_before_anything_is_trained():
    model = conv_net()
    before = everything(model)
    stopping = nn.EarlyStopping("val_los", mode="min")
    with pytest.raises(nn.UnknownNameError, match="did you mean 'val_loss'"):
        fit(model, validation_split=0.25, callbacks=stopping)
    with pytest.raises(nn.UnknownNameError) as caught:
        fit(model, callbacks=nn.EarlyStopping())
    assert caught.value.__notes__ == ["val_ logs need validation_data or validation_split in fit"]
    assert_same_bits(everything(model), before)


@pytest.mark.parametrize("filepath", ["{epoch}-{val_los}", "{loss:d}", "{}"])
def test_checkpoint_path_is_tried_before_anything_is_trained(filepath):
    model = conv_net()
    before = everything(model)
    with pytest.raises(
        NNError, match=r"cannot be filled in .*; known: accuracy, epoch, loss, val_"
    ):
        fit(model, validation_split=0.5, callbacks=nn.ModelCheckpoint(filepath))
    assert_same_bits(everything(model), before)


def test_monitor_may_watch_a_log_that_another_callback_adds():
    class Constant(nn.Callback):
        adds = frozenset({"gap"})

        def on_epoch_end(self, epoch, logs=None):
            logs["gap"] = 1.0

    stopping = nn.EarlyStopping("gap", mode="min", patience=1)
    history = fit(conv_net(), epochs=9, callbacks=[Constant(), stopping])
    assert len(history.history["gap"]) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"validation_split": "a"}, "validation_split: expected a finite number .*, got 'a'"),
        ({"x": None}, "x: nothing was given"),
    ],
)
def test_what_is_no_number_is_refused(options, message):
    with pytest.raises(nn.NNError, match=message):
        conv_net().fit(**{"x": X, "y": Y} | options)


def test_target_too_large_for_the_dtype_is_named():
    model = nn.Sequential([nn.Input((1,)), nn.Dense(1)], backend=BACKEND)
    model.compile("sgd", "mse")
    with pytest.raises(
        nn.DataError, match=r"y: 1e\+300 at row 1, column 0 is too large for float32"
    ):
        model.fit(np.ones((2, 1)), np.array([1.0, 1e300]), verbose=0)
    assert model.iteration == 0
