"""A run is led on from any step, with one thing changed or none."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.core.arguments import ArgumentError
from nnscratch.runs.packing import pack
from tests.nets import assert_same_bits, contents, conv_net, everything
from tests.runs.test_replay import add_noise, lower_rate, record
from tests.runs.trainings import (
    BOTH,
    PAIRS,
    BreakOffError,
    Interrupt,
    Steps,
    X,
    Y,
    fit,
    siamese,
    two_outputs,
)


@pytest.mark.parametrize("step", range(9))
def test_fork_without_a_change_is_the_run(tmp_path, step):
    model = conv_net()
    run, steps = record(tmp_path, model)
    watch = Steps()
    fork = run.fork(step, callbacks=watch)
    assert fork.steps == list(range(step, 9))
    assert fork.loss == fork.original == run.loss[step:]
    assert fork.history.epoch == list(range(step // 3, 3))
    for name, values in fork.history.history.items():
        assert values == run.history[name][step // 3 :]
    assert_same_bits(everything(fork.model), everything(model))
    for index, found in watch.steps.items():
        assert_same_bits(contents(found), contents(steps[index]))


@pytest.mark.parametrize(
    ("make", "data"), [(siamese, PAIRS), (two_outputs, BOTH)], ids=["siamese", "two outputs"]
)
def test_fork_of_other_models(tmp_path, make, data):
    model = make()
    record(tmp_path, model, x=data[0], y=data[1])
    fork = nn.Run.open(tmp_path, data=data).fork(4)
    assert fork.loss == fork.original
    assert_same_bits(everything(fork.model), everything(model))


def test_change_is_all_that_differs(tmp_path):
    run, steps = record(tmp_path, conv_net())
    watch = Steps()
    fork = run.fork(4, lambda model: setattr(model, "learning_rate", 0.1), callbacks=watch)
    assert fork.loss[0] == fork.original[0]  # before the update
    assert fork.loss[1] != fork.original[1]
    assert fork.model.learning_rate == 0.1
    for index, step in watch.steps.items():
        assert_same_bits({"x": step.batch.inputs[0]}, {"x": steps[index].batch.inputs[0]})
        kept = [s["dropout"].cache.kept for s in (step, steps[index])]
        np.testing.assert_array_equal(*kept)


def test_run_and_its_model_stay_as_they_are(tmp_path):
    model = conv_net()
    run, steps = record(tmp_path, model)
    before = everything(model)
    run.fork(2, lambda model: model.set_weights([w * 0 for w in model.get_weights()]))
    assert_same_bits(everything(model), before)
    assert_same_bits(contents(run.step(3)), contents(steps[3]))


def test_frozen_layer_and_other_optimizer(tmp_path):
    run, _ = record(tmp_path, conv_net())
    frozen = run.fork(3, lambda model: model.freeze("conv2d"))
    before = run.step(3).before["conv2d/kernel"]
    np.testing.assert_array_equal(frozen.model.params["conv2d/kernel"], before)

    def compile_anew(model):
        model.compile(nn.SGD(0.1), "sparse_categorical_crossentropy", ["accuracy"])

    watch = Steps()
    fork = run.fork(4, compile_anew, callbacks=watch)
    assert fork.steps == [4, 5, 6, 7, 8]
    assert fork.loss[0] == fork.original[0]
    assert watch.steps[4].slots == {}
    rows = sum(len(watch.steps[index].batch) for index in (4, 5))
    mean = sum(watch.steps[i].loss * len(watch.steps[i].batch) for i in (4, 5)) / rows
    assert fork.history.history["loss"][0] == pytest.approx(mean)


def test_some_steps(tmp_path):
    run, _ = record(tmp_path, conv_net())
    fork = run.fork(2, steps=3)
    assert (fork.steps, fork.loss, fork.original) == ([2, 3, 4], run.loss[2:5], run.loss[2:5])
    assert fork.model.iteration == 5
    assert repr(fork) == f"Fork(steps 2 to 4, loss {run.loss[4]:.4g}, original {run.loss[4]:.4g})"


def test_going_on_behind_the_end(tmp_path):
    longer, run, _ = conv_net(), *record(tmp_path, conv_net())
    fit(longer, epochs=5)
    with pytest.raises(nn.RunError, match=r"nothing is left of 3 epochs.*epochs=4"):
        run.fork(9)
    with pytest.raises(nn.RunError, match=r"nothing is left of 1 epochs.*epochs=4"):
        run.fork(9, epochs=1)
    fork = run.fork(9, epochs=5)
    assert (fork.steps, fork.original) == (list(range(9, 15)), [])
    assert_same_bits(everything(fork.model), everything(longer))
    assert repr(fork).endswith(f"loss {fork.loss[-1]:.4g})")


def test_end_is_what_the_callbacks_have_left(tmp_path):
    model = conv_net()
    best = nn.EarlyStopping("loss", mode="max", patience=9, restore_best_weights=True)
    run, _ = record(tmp_path, model, best)
    assert best.best_epoch < 2
    run.step(8)
    fork = run.fork(9, epochs=4)
    fit(model, epochs=4, initial_epoch=3)
    assert_same_bits(everything(fork.model), everything(model))


def test_learning_rate_that_was_set_before_the_step_holds(tmp_path):
    lower = nn.LambdaCallback(on_epoch_begin=lambda e, logs=None: setattr(model, *rate(e)))

    def rate(epoch):
        return "learning_rate", 0.1 / (epoch + 1)

    model = conv_net()
    run, _ = record(tmp_path, model, lower, every=100)
    fork = run.fork(3, steps=3)
    assert fork.loss == fork.original
    assert fork.model.learning_rate == 0.05


@pytest.mark.parametrize("deed", [lower_rate, add_noise])
def test_what_callbacks_changed_later_is_missed_and_said_so(tmp_path, deed):
    def at_step_5(batch, logs=None):
        if model.iteration == 5:
            deed(model)

    model = conv_net()
    run, _ = record(tmp_path, model, nn.LambdaCallback(on_train_batch_begin=at_step_5))
    with pytest.warns(RuntimeWarning, match="before step 5 something else .* without it"):
        missed = run.fork(4, folder=tmp_path / "fork")
    assert missed.loss[1:] != missed.original[1:]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run.fork(5)  # stands behind it
        run.fork(2, steps=3)  # ends before it
        run.fork(4, callbacks=nn.LambdaCallback())


# -- with callbacks -------------------------------------------------------------------------------


class Schedule(nn.Callback):
    """Sets the rate when an epoch begins, and notes that of every step."""

    def __init__(self):
        self.rates = {}

    def on_epoch_begin(self, epoch, logs=None):
        self.model.learning_rate = 0.1 / (epoch + 1)

    def on_step(self, step):
        self.rates[step.index] = self.model.learning_rate


def knowing(folder):
    """Callbacks that know something from step to step, or from epoch to epoch."""
    folder.mkdir()
    return [
        nn.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=9),
        nn.EarlyStopping("loss", patience=4, min_delta=9, restore_best_weights=True),
        nn.CSVLogger(folder / "log.csv"),
        nn.ModelCheckpoint(folder / "{batch}.safetensors", save_freq=4),
        nn.Recorder(every=2),
        nn.Ledger(),
    ]


def told(callbacks):
    """What callbacks know, to the bit."""
    arrays = {}
    states = [pack(callback.state(), arrays, str(n)) for n, callback in enumerate(callbacks)]
    return states, {place: array.tobytes() for place, array in arrays.items()}


@pytest.mark.parametrize("step", range(15))
def test_same_callbacks_and_no_change_are_the_run(tmp_path, step):
    model, callbacks = conv_net(), knowing(tmp_path / "original")
    run, _ = record(tmp_path / "run", model, *callbacks, epochs=5, every=4)
    assert len(run.history["loss"]) > 3
    again = knowing(tmp_path / "fork")
    fork = run.fork(step, callbacks=again)
    assert fork.loss == fork.original == run.loss[step:]
    assert_same_bits(everything(fork.model), everything(model))
    assert told(again) == told(callbacks)
    logs = [(tmp_path / name / "log.csv").read_text() for name in ("fork", "original")]
    assert logs[0] == logs[1]


def test_callbacks_of_another_kind_begin_anew(tmp_path):
    run, _ = record(tmp_path, conv_net(), nn.Recorder(every=1), nn.Recorder(every=2))
    one, stop = nn.Recorder(every=1), nn.EarlyStopping("loss")  # which of both is not known
    fork = run.fork(4, callbacks=[one, stop])
    assert [*one.steps] == [4, 5, 6, 7, 8]
    assert fork.loss == fork.original


def test_callbacks_that_would_have_ended_the_run_end_the_fork(tmp_path):
    early = {"monitor": "loss", "min_delta": 9}
    run, _ = record(tmp_path, conv_net(), nn.EarlyStopping(**early, patience=9), every=100)
    stop = nn.EarlyStopping(**early, patience=2)
    assert run.fork(4, callbacks=stop, epochs=9).history.epoch == [1, 2]
    assert stop.stopped_epoch == 2
    impatient = nn.EarlyStopping(**early, patience=1)  # after epoch 1, behind which the run went on
    assert run.fork(7, callbacks=impatient).history.epoch == [2]


@pytest.mark.parametrize("step", [3, 4, 5])
def test_change_comes_over_what_begins_again(tmp_path, step):
    """A schedule sets its rate when the next epoch begins, not when it hears that this one does."""
    original, schedule = Schedule(), Schedule()
    run, _ = record(tmp_path, conv_net(), original)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same = run.fork(step, callbacks=Schedule())
    assert same.loss == same.original
    with pytest.warns(RuntimeWarning, match=rf"or step {step} begins\. That was undone"):
        fork = run.fork(
            step, lambda model: setattr(model, "learning_rate", 1.0), callbacks=schedule
        )
    changed = dict.fromkeys(range(step, 6), 1.0)
    assert schedule.rates == changed | {i: original.rates[i] for i in (6, 7, 8)}
    assert fork.loss[1:] != fork.original[1:]


@pytest.mark.parametrize("hook", ["on_train_begin", "on_epoch_begin", "on_train_batch_begin"])
def test_recorded_fork_begins_with_the_change_alone(tmp_path, hook):
    def meddle(*_):
        if not done:
            add_noise(others[0].model)
        done.append(True)

    done, others = [], [nn.LambdaCallback(**{hook: meddle})]
    run, _ = record(tmp_path / "run", conv_net())
    with pytest.warns(RuntimeWarning, match="That was undone"):
        fork = run.fork(4, callbacks=others, folder=tmp_path / "fork")
    assert fork.loss == fork.original
    assert [fork.run.step(index).loss for index in fork.steps] == fork.loss


def test_fork_can_be_recorded_and_resumed_like_any_run(tmp_path):
    run, _ = record(tmp_path / "run", conv_net())
    change = lambda model: setattr(model, "learning_rate", 0.1)  # noqa: E731 (as users write it)
    watch = Steps()
    fork = run.fork(4, change, folder=tmp_path / "fork", callbacks=watch)
    assert fork.run.loss == fork.loss
    opened = nn.Run.open(tmp_path / "fork", data=(X, Y))
    assert opened._known.manifest.parent == {"run": run._known.manifest.run, "step": 4}
    for index in reversed(fork.steps):
        assert_same_bits(contents(opened.step(index)), contents(watch.steps[index]))
    with pytest.raises(nn.RunError, match="step 3 was not recorded; recorded: 4 to 8, 5 steps"):
        opened.step(3)
    with pytest.raises(nn.RunError, match="already holds a run"):
        run.fork(4, folder=tmp_path / "fork")
    cut = run.fork(4, change, folder=tmp_path / "cut", steps=2)
    assert cut.run.loss == fork.loss[:2]
    assert opened.fork(6).loss == fork.loss[2:]


def test_recorded_fork_goes_on_where_it_was_killed(tmp_path):
    run, _ = record(tmp_path / "run", conv_net())
    strike = Interrupt("on_step", 3)
    with pytest.raises(BreakOffError):
        run.fork(4, folder=tmp_path / "fork", callbacks=strike)
    opened = nn.Run.open(tmp_path / "fork", data=(X, Y))
    history = opened.resume(verbose=0)
    assert opened.loss == run.loss[4:]
    assert history.history["loss"] == run.history["loss"][1:]


def test_first_step_of_all(tmp_path):
    run, _ = record(tmp_path, conv_net())
    fork = run.fork(0, lambda model: model.compile("sgd", "sparse_categorical_crossentropy"))
    plain = conv_net(optimizer="sgd")
    fit(plain)
    assert_same_bits(everything(fork.model), everything(plain))


@pytest.mark.parametrize("step", [-1, 10])
def test_step_that_is_not_there(tmp_path, step):
    run, _ = record(tmp_path, conv_net())
    with pytest.raises(nn.RunError, match=f"step {step}"):
        run.fork(step)


def test_arguments_are_checked(tmp_path):
    run, _ = record(tmp_path, conv_net())
    for arguments, message in (
        ({"step": 1, "steps": 0}, "fork steps: expected a whole number >= 1, got 0"),
        ({"step": 1.0}, "fork step: expected a whole number, got 1.0"),
        ({"step": True}, "fork step: expected a whole number, got True"),
        ({"step": 1, "change": 5}, "fork change: expected a function of the model, .* got 5"),
        ({"step": 1, "folder": 5}, "Run: expected the name of a folder, .* got 5"),
    ):
        with pytest.raises(ArgumentError, match=message):
            run.fork(**arguments)
    for options, message in (
        ({"every": 0}, "Run every: expected a whole number >= 1"),
        ({"keep": 1}, "Run keep: expected a whole number >= 2"),
        ({"resume": 1}, "Run resume: expected True or False"),
    ):
        with pytest.raises(ArgumentError, match=message):
            nn.Run(tmp_path / "new", **options)


@pytest.mark.parametrize("step", ["x", True, 1.0, None])
def test_step_that_is_no_number(tmp_path, step):
    run, _ = record(tmp_path, conv_net())
    with pytest.raises(ArgumentError, match=r"Run\.step: expected a whole number, got"):
        run.step(step)
    assert run.step(np.int64(1)).index == 1


@pytest.mark.parametrize("folder", [5, "", b"runs", None])
def test_folder_that_is_no_name(folder):
    for make in (nn.Run, nn.Run.open):
        with pytest.raises(ArgumentError, match=r"Run: expected the name of a folder, such as"):
            make(folder)


def test_model_that_is_none(tmp_path):
    record(tmp_path, conv_net())
    with pytest.raises(ArgumentError, match=r"Run\.open model: expected an nn\.Model, .*got 5"):
        nn.Run.open(tmp_path, model=5)
