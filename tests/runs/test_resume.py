"""A training that breaks off goes on to the bits of one that did not."""

from __future__ import annotations

import contextlib
import errno
import os
import resource

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.runs.archive import LOG
from tests.backends import BACKEND
from tests.nets import assert_same_bits, conv_net, everything
from tests.runs.test_replay import HOOKS, Meddler, add_noise, impure, lower_rate
from tests.runs.trainings import (
    BOTH,
    PAIRS,
    BreakOffError,
    Interrupt,
    X,
    Y,
    fit,
    siamese,
    two_outputs,
    watchers,
)

OTHER = "numpy" if BACKEND == "numba" else "numba"


def log_lines(folder):
    """The log without its first line, which carries the run's own name into all checksums."""
    lines = (folder / LOG).read_text().splitlines()[1:]
    return [line.rpartition(', "crc32"')[0] for line in lines]


def outcome(model, history, run, callbacks):
    """Everything that a training leaves."""
    states = [repr(callback.state()) for callback in callbacks]
    return everything(model), history.history, history.epoch, run.loss, states


def assert_same_outcome(found, expected):
    assert_same_bits(found[0], expected[0])
    assert found[1:] == expected[1:]


def uninterrupted(folder, make=conv_net, **options):
    """What a training leaves that nothing breaks off."""
    model, callbacks, run = make(), watchers(), nn.Run(folder, every=2)
    history = fit(model, *callbacks, run, **options)
    return outcome(model, history, run, callbacks)


def break_off(folder, hook, number, make=conv_net, every=2, keep=20, more=(), **options):
    """A training that breaks off; returns its run."""
    run, strike = nn.Run(folder, every=every, keep=keep), Interrupt(hook, number)
    with pytest.raises(BreakOffError):
        fit(make(), *watchers(), *more, run, strike, **options)
    return run


# -- breaking off anywhere ------------------------------------------------------------------------

PLACES = [
    *(("on_step", number) for number in range(9)),
    *(("on_train_batch_end", number) for number in (0, 2, 5, 8)),
    *(("on_train_batch_begin", number) for number in (1, 3)),
    *(("on_epoch_begin", number) for number in (1, 2)),
    *(("on_test_begin", number) for number in (0, 2)),
    *(("on_epoch_end", number) for number in (0, 1, 2)),
]


@pytest.mark.parametrize(("hook", "number"), PLACES)
def test_same_script_started_again(tmp_path, hook, number):
    expected = uninterrupted(tmp_path / "whole")
    break_off(tmp_path / "run", hook, number)
    model, callbacks = conv_net(), watchers()
    run = nn.Run(tmp_path / "run", every=2, resume=True)
    history = fit(model, *callbacks, run)
    assert_same_outcome(outcome(model, history, run, callbacks), expected)
    assert log_lines(tmp_path / "run") == log_lines(tmp_path / "whole")


@pytest.mark.parametrize(("hook", "number"), PLACES[::3])
def test_opened_and_resumed(tmp_path, hook, number):
    expected = uninterrupted(tmp_path / "whole")
    break_off(tmp_path / "run", hook, number)
    run, callbacks = nn.Run.open(tmp_path / "run", data=(X, Y)), watchers()
    history = run.resume(callbacks, verbose=0)
    assert_same_outcome(outcome(run.model, history, run, callbacks), expected)


@pytest.mark.parametrize(("hook", "number"), PLACES[1::3])
def test_resumed_in_the_same_process(tmp_path, hook, number):
    expected = uninterrupted(tmp_path / "whole")
    run, callbacks = break_off(tmp_path / "run", hook, number), watchers()
    history = run.resume(callbacks, verbose=0)
    assert_same_outcome(outcome(run.model, history, run, callbacks), expected)


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (siamese, dict(zip("xy", PAIRS, strict=True))),
        (two_outputs, dict(zip("xy", BOTH, strict=True))),
        (lambda: conv_net("numba", dtype="float64"), {}),
        (lambda: conv_net(optimizer=nn.SGD(0.1)), {"class_weight": {1: 2.0}, "initial_epoch": 1}),
        (conv_net, {"validation_data": (X[:5], Y[:5], np.arange(5.0)), "shuffle": False}),
    ],
)
def test_trainings_of_all_kinds(tmp_path, make, options):
    expected = uninterrupted(tmp_path / "whole", make, **options)
    break_off(tmp_path / "run", "on_step", 4, make, **options)
    model, callbacks = make(), watchers()
    run = nn.Run(tmp_path / "run", every=2, resume=True)
    history = fit(model, *callbacks, run, **options)
    assert_same_outcome(outcome(model, history, run, callbacks), expected)


def test_breaking_off_again_and_again(tmp_path):
    expected = uninterrupted(tmp_path / "whole")
    folder = tmp_path / "run"
    break_off(folder, "on_train_batch_end", 2)
    for _ in range(3):
        again = nn.Run.open(folder, data=(X, Y))
        with pytest.raises(BreakOffError):
            again.resume([*watchers(), Interrupt("on_train_batch_end", 2)], verbose=0)
    run, callbacks = nn.Run.open(folder, data=(X, Y)), watchers()
    assert run._known.checkpoints.latest() == (8, False)
    history = run.resume(callbacks, verbose=0)
    assert_same_outcome(outcome(run.model, history, run, callbacks), expected)


def test_going_on_adds_no_checkpoints(tmp_path):
    for name, number in (("run", 5), ("whole", 99)):
        run, strike = nn.Run(tmp_path / name, every=2), Interrupt("on_step", number)
        with contextlib.suppress(BreakOffError):
            fit(conv_net(), run, strike)
    nn.Run.open(tmp_path / "run", data=(X, Y)).resume(verbose=0)
    found, expected = (nn.Run.open(tmp_path / name)._known.checkpoints for name in ("run", "whole"))
    assert found.keys() == expected.keys()


def test_run_that_is_through_is_not_trained_again(tmp_path):
    expected = uninterrupted(tmp_path)
    before = log_lines(tmp_path)
    steps = []
    for _ in range(2):
        model, callbacks, run = conv_net(), watchers(), nn.Run(tmp_path, every=2, resume=True)
        history = fit(model, *callbacks, run, nn.LambdaCallback(on_step=steps.append))
        assert_same_outcome(outcome(model, history, run, callbacks), expected)
    assert steps == []
    assert log_lines(tmp_path) == before


def test_training_that_was_stopped_is_not_taken_up(tmp_path):
    stop, again = (nn.EarlyStopping(patience=0, min_delta=10) for _ in range(2))
    history = fit(conv_net(), stop, nn.Run(tmp_path, every=2), epochs=9)
    assert len(history.epoch) < 9
    run = nn.Run.open(tmp_path, data=(X, Y))
    assert run.resume(again, verbose=0).epoch == history.epoch


@pytest.mark.filterwarnings("ignore:.*changes the model again and again")
@pytest.mark.parametrize("hook", HOOKS[:-1])
@pytest.mark.parametrize("deed", [add_noise, lower_rate])
def test_what_callbacks_did_to_the_model(tmp_path, deed, hook):
    """The callback counts its calls, and goes on counting."""

    class Counting(Meddler):
        def state(self):
            return {"calls": self.calls}

        def restore(self, state):
            self.calls = state["calls"]

    def more():
        return [Counting(hook, deed)]

    model, run = conv_net(), nn.Run(tmp_path / "whole", every=2, keep=2)
    fit(model, *watchers(), *more(), run)
    break_off(tmp_path / "run", "on_train_batch_begin", 4, keep=2, more=more())
    again = nn.Run.open(tmp_path / "run", data=(X, Y))
    again.resume([*watchers(), *more()], verbose=0)
    assert_same_bits(everything(again.model), everything(model))
    assert log_lines(tmp_path / "run") == log_lines(tmp_path / "whole")
    assert [again.step(index).loss for index in again.steps] == run.loss  # far from checkpoints


class Schedule(nn.Callback):
    """Sets the rate when an epoch begins, halves it in its middle, and moves the weights."""

    def on_train_begin(self, logs=None):
        add_noise(self.model)

    def on_epoch_begin(self, epoch, logs=None):
        self.model.learning_rate = 0.1 / (epoch + 1)
        add_noise(self.model)

    def on_train_batch_end(self, batch, logs=None):
        if batch == 0:
            self.model.learning_rate /= 2


@pytest.mark.parametrize("number", range(9))
def test_what_began_before_does_not_begin_again(tmp_path, number):
    model, run = conv_net(), nn.Run(tmp_path / "whole", every=2)
    fit(model, Schedule(), run)
    with pytest.raises(BreakOffError):
        fit(conv_net(), Schedule(), nn.Run(tmp_path / "run", every=2), Interrupt("on_step", number))
    again, same = conv_net(), nn.Run(tmp_path / "run", every=2, resume=True)
    fit(again, Schedule(), same)
    assert_same_bits(everything(again), everything(model))
    assert log_lines(tmp_path / "run") == log_lines(tmp_path / "whole")
    assert same._known.checkpoints.keys() == run._known.checkpoints.keys()


def test_what_a_callback_did_that_does_not_come_again(tmp_path):
    meddler = Meddler("on_train_batch_begin", add_noise)
    break_off(tmp_path, "on_step", 6, every=4, more=[meddler])
    run = nn.Run.open(tmp_path, data=(X, Y))
    with pytest.warns(RuntimeWarning, match="step 5 is taken a second time"):
        run.resume(watchers(), verbose=0)
    assert [run.step(index).loss for index in run.steps] == run.loss


def test_logs_and_files_of_other_callbacks(tmp_path):
    def others(folder):
        best = folder / "best-{epoch}.safetensors"
        return [nn.CSVLogger(folder / "log.csv"), nn.ModelCheckpoint(best, save_best_only=True)]

    for folder in (tmp_path / "whole", tmp_path / "run"):
        folder.mkdir()
    fit(conv_net(), *others(tmp_path / "whole"))
    strike = Interrupt("on_epoch_begin", 2)
    with pytest.raises(BreakOffError):
        fit(conv_net(), *others(tmp_path / "run"), nn.Run(tmp_path / "r", every=2), strike)
    run = nn.Run(tmp_path / "r", resume=True)
    fit(conv_net(), *others(tmp_path / "run"), run)
    for file in (tmp_path / "whole").iterdir():
        assert (tmp_path / "run" / file.name).read_bytes() == file.read_bytes()


def test_epoch_that_was_cut_short_when_it_broke_off(tmp_path):
    class Stop(nn.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = self.model.iteration == 5

    expected = outcome_of_stop(tmp_path / "whole", Stop())
    break_off(tmp_path / "run", "on_test_begin", 1, every=1, more=[Stop()])
    run, callbacks = nn.Run.open(tmp_path / "run", data=(X, Y)), watchers()
    history = run.resume([*callbacks, Stop()], verbose=0)
    assert_same_outcome(outcome(run.model, history, run, callbacks), expected)
    assert run.steps == [0, 1, 2, 3, 4]


def outcome_of_stop(folder, stop):
    model, callbacks, run = conv_net(), watchers(), nn.Run(folder, every=1)
    return outcome(model, fit(model, *callbacks, stop, run), run, callbacks)


def test_ctrl_c(tmp_path):
    class Key(nn.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.iteration == 5:
                raise KeyboardInterrupt

    expected = uninterrupted(tmp_path / "whole")
    run = nn.Run(tmp_path / "run", every=2)
    with pytest.raises(KeyboardInterrupt):
        fit(conv_net(), *watchers(), run, Key())
    callbacks = watchers()
    assert_same_outcome(
        outcome(run.model, run.resume(callbacks, verbose=0), run, callbacks), expected
    )


# -- what cannot go on ----------------------------------------------------------------------------


def test_folder_that_holds_a_run_is_refused_with_both_ways_on(tmp_path):
    fit(conv_net(), nn.Run(tmp_path))
    with pytest.raises(nn.RunError, match=r"holds a run.*nn\.Run\.open\(.*resume=True\)"):
        nn.Run(tmp_path)


@pytest.mark.parametrize("name", ["run.json", "log.jsonl", "arrays.safetensors"])
@pytest.mark.parametrize("content", [b'{"mine": 1}', b'{"mine": 1}\n', b"\0\1"])
def test_other_people_s_files_are_not_written_over(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(nn.RunError, match=f"{name} would be written over"):
        fit(conv_net(), nn.Run(tmp_path))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {name: content}


@pytest.mark.parametrize("left", [0, 1, 2, 3])
def test_a_run_that_hardly_began_is_begun_anew(tmp_path, left):
    fit(conv_net(), nn.Run(tmp_path / "whole"))
    begun = tmp_path / "begun"
    begun.mkdir()
    (begun / LOG).write_bytes((tmp_path / "whole" / LOG).read_bytes()[: (0, 0, 5, 20)[left]])
    for name in ("arrays.safetensors", "run.json")[:left]:
        (begun / name).write_bytes((tmp_path / "whole" / name).read_bytes())
    fit(conv_net(), nn.Run(begun))
    assert nn.Run.open(begun, data=(X, Y)).steps == list(range(9))


def test_going_on_elsewhere_is_noted(tmp_path, monkeypatch):
    with pytest.raises(BreakOffError):
        fit(conv_net(), Interrupt("on_step", 5), nn.Run(tmp_path, every=2))
    with monkeypatch.context() as patch:
        patch.setattr("nnscratch.runs.environment.processor", lambda: "Abacus")
        with pytest.warns(RuntimeWarning, match="from step 4 on this .*\n  processor: .*Abacus"):
            fit(conv_net(), nn.Run(tmp_path, every=2, resume=True))
    run = nn.Run.open(tmp_path, data=(X, Y))
    assert len(run.differences) == 1
    assert run.differences[0].startswith("from step 4 on: processor: recorded 'Abacus', here ")
    assert run.step(8).index == 8


def test_folder_that_becomes_a_run_meanwhile_is_refused(tmp_path):
    one, other = nn.Run(tmp_path), nn.Run(tmp_path)
    fit(conv_net(), one)
    model = conv_net()
    with pytest.raises(nn.RunError, match="already holds a run"):
        fit(model, other)
    assert model.iteration == 0


def test_two_processes_cannot_record_in_one_folder(tmp_path):
    def resume(batch, logs):
        with pytest.raises(nn.RunError, match="another fit of this one, records here"):
            nn.Run.open(tmp_path, data=(X, Y)).resume(verbose=0)

    model, plain = conv_net(), conv_net()
    fit(model, nn.Run(tmp_path, every=2), nn.LambdaCallback(on_train_batch_end=resume))
    fit(plain)
    assert_same_bits(everything(model), everything(plain))
    assert len(nn.Run.open(tmp_path).steps) == 9


@pytest.mark.parametrize(
    ("make", "options", "difference"),
    [
        (lambda: conv_net(seed=4), {}, "model > seed: recorded 3, here 4"),
        (lambda: conv_net(OTHER), {}, f"model > backend: recorded {BACKEND!r}, here {OTHER!r}"),
        (lambda: conv_net(optimizer="sgd"), {}, "optimizer > class: recorded 'optimizers.Adam'"),
        (lambda: conv_net(optimizer=nn.Adam(0.1)), {}, "learning_rate: recorded 0.001, here 0.1"),
        (conv_net, {"epochs": 4}, "plan > epochs: recorded 3, here 4"),
        (conv_net, {"batch_size": 4}, "plan > batch_size: recorded 5, here 4"),
        (conv_net, {"shuffle": False}, "plan > shuffle: recorded True, here False"),
        (conv_net, {"x": X + 1}, "data > training > inputs > 0 > range > 0: recorded"),
        (conv_net, {"y": (Y + 1) % 3}, "data > training > targets > 0 > digest: recorded"),
        (conv_net, {"class_weight": {0: 2.0}}, "data > training > weights: recorded None"),
        (conv_net, {"validation_split": 0.3}, "inputs > 0 > shape > 0: recorded 13, here 11"),
    ],
)
def test_another_training_is_refused_and_told_apart(tmp_path, make, options, difference):
    break_off(tmp_path, "on_step", 4)
    model = make()
    before, files = everything(model), sorted(os.listdir(tmp_path / "checkpoints"))
    with pytest.raises(nn.RunError) as caught:
        fit(model, *watchers(), nn.Run(tmp_path, resume=True), **options)
    assert "holds the run of another training" in str(caught.value)
    assert difference in str(caught.value)
    assert_same_bits(everything(model), before)
    assert sorted(os.listdir(tmp_path / "checkpoints")) == files
    nn.Run.open(tmp_path, data=(X, Y)).resume(watchers(), verbose=0)


def noisy():
    model = conv_net()
    add_noise(model)
    return model


def frozen():
    model = conv_net()
    model.freeze("conv2d")
    return model


def without_statistics():
    model = conv_net()
    model.set_weights({"batch_normalization/moving_mean": np.full(4, 0.5)})
    return model


@pytest.mark.parametrize(
    ("begun", "again", "difference"),
    [
        (conv_net, frozen, r"frozen: recorded \[\], here \['conv2d', 'conv2d/elu'\]"),
        (frozen, conv_net, r"frozen: recorded \['conv2d', 'conv2d/elu'\], here \[\]"),
        (conv_net, noisy, r"first weights: 8 of 8 arrays are others than recorded, by 0\.01 at mo"),
        (noisy, conv_net, "first weights: 8 of 8 arrays are others than recorded"),
        (conv_net, without_statistics, r"1 of 8 .* by 0\.5 at most: batch_normalization/moving_me"),
    ],
)
def test_model_that_begins_otherwise_is_refused(tmp_path, begun, again, difference):
    expected = uninterrupted(tmp_path / "whole", begun)
    break_off(tmp_path / "run", "on_step", 4, begun)
    model = again()
    before, files = everything(model), sorted((tmp_path / "run").rglob("*"))
    with pytest.raises(nn.RunError, match=difference):
        fit(model, *watchers(), nn.Run(tmp_path / "run", every=2, resume=True))
    assert_same_bits(everything(model), before)
    assert sorted((tmp_path / "run").rglob("*")) == files
    model, callbacks, run = begun(), watchers(), nn.Run(tmp_path / "run", every=2, resume=True)
    assert_same_outcome(outcome(model, fit(model, *callbacks, run), run, callbacks), expected)


def test_without_the_first_checkpoint_only_the_folder_goes_on(tmp_path):
    break_off(tmp_path, "on_step", 4)
    (tmp_path / "checkpoints/step-000000.safetensors").unlink()
    with pytest.raises(nn.RunError, match=r"step-000000\.safetensors: was removed") as caught:
        fit(conv_net(), *watchers(), nn.Run(tmp_path, every=2, resume=True))
    assert ".resume(callbacks) goes on without it" in caught.value.__notes__[-1]
    nn.Run.open(tmp_path, data=(X, Y)).resume(watchers(), verbose=0)


@pytest.mark.parametrize("compile_anew", [False, True])
def test_interrupted_model_goes_on_where_it_is_asked_to(tmp_path, compile_anew):
    """`fit` would begin where the model stands now, and that is not where the run began."""
    expected = uninterrupted(tmp_path / "whole")
    run, model = nn.Run(tmp_path / "run", every=2, resume=True), conv_net()
    with pytest.raises(BreakOffError):
        fit(model, *watchers(), run, Interrupt("on_step", 5))
    if compile_anew:
        model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    difference = "first weights: 8 of 8" if compile_anew else "first_step: recorded 0, here 5"
    with pytest.raises(nn.RunError, match=rf"{difference}(.|\n)*resume\(callbacks\)"):
        fit(model, *watchers(), run)
    callbacks = watchers()
    history = run.resume(callbacks, verbose=0)
    assert_same_outcome(outcome(model, history, run, callbacks), expected)


def test_script_of_two_trainings_is_started_again(tmp_path):
    """First the new layers, then, with another optimizer, all of them."""

    def script(folder, *callbacks):
        model = frozen()
        fit(model, *callbacks, nn.Run(folder / "first", every=2, resume=True))
        model.unfreeze("conv2d")
        model.compile("sgd", "sparse_categorical_crossentropy")
        fit(model, *callbacks, nn.Run(folder / "second", every=2, resume=True))
        return everything(model)

    expected = script(tmp_path / "whole")
    for number in (4, 12):
        with pytest.raises(BreakOffError):
            script(tmp_path / "run", Interrupt("on_step", number))
    assert_same_bits(script(tmp_path / "run"), expected)


def test_second_fit_is_not_mistaken_for_the_first(tmp_path):
    model, run = conv_net(), nn.Run(tmp_path, resume=True)
    fit(model, run)
    with pytest.raises(nn.RunError, match="first_step: recorded 0, here 9"):
        fit(model, run)


def test_two_runs_cannot_both_go_on(tmp_path):
    other = nn.Run(tmp_path / "other", every=3)
    with pytest.raises(BreakOffError):
        fit(conv_net(), other, nn.Run(tmp_path / "one", every=4), Interrupt("on_step", 7))
    runs = [nn.Run(tmp_path / name, resume=True) for name in ("one", "other")]
    with pytest.raises(nn.RunError, match="another Run of this fit goes on from a checkpoint"):
        fit(conv_net(), *runs)
    for name in ("one", "other"):  # neither holds its folder
        nn.Run.open(tmp_path / name, data=(X, Y)).resume(verbose=0)


@pytest.mark.parametrize("resume", [False, True])
def test_two_runs_of_one_folder_are_refused_and_leave_nothing(tmp_path, resume):
    run, model = nn.Run(tmp_path / "run", resume=resume), conv_net()
    twin = nn.Run(tmp_path / "else" / ".." / "run", resume=resume)
    for runs in ((run, twin), (run, run)):
        with pytest.raises(nn.RunError, match="two Runs of this fit would record there; give it"):
            fit(model, *runs)
    assert (model.iteration, list(tmp_path.iterdir())) == (0, [])
    fit(model, run)


@pytest.mark.parametrize(
    "callbacks", [[], watchers()[:1], watchers()[::-1], [*watchers(), nn.EarlyStopping()]]
)
def test_other_callbacks_are_refused(tmp_path, callbacks):
    break_off(tmp_path, "on_step", 4)
    with pytest.raises(nn.RunError, match="had ReduceLROnPlateau, EarlyStopping, History, now"):
        fit(conv_net(), *callbacks, nn.Run(tmp_path, resume=True))
    fit(conv_net(), nn.Callback(), *watchers(), nn.Run(tmp_path, resume=True))


def test_callback_that_does_not_understand_its_state(tmp_path):
    class Old(nn.Callback):
        def state(self):
            return {"old": 1}

    class New(Old):
        def restore(self, state):
            self.new = state["new"]

    New.__name__ = "Old"
    break_off(tmp_path, "on_step", 4, more=[Old()])
    with pytest.raises(nn.RunError, match=r"Old cannot take over .*KeyError\('new'\)"):
        fit(conv_net(), *watchers(), New(), nn.Run(tmp_path, resume=True))
    fit(conv_net(), *watchers(), Old(), nn.Run(tmp_path, resume=True))


def test_state_that_cannot_be_kept_is_found_before_anything_is_trained(tmp_path):
    class Mine(nn.Callback):
        def state(self):
            return {"handle": object()}

    model = conv_net()
    with pytest.raises(nn.RunError, match="callbacks/0 Mine/handle: cannot be kept"):
        fit(model, Mine(), nn.Run(tmp_path))
    assert model.iteration == 0


def test_run_of_which_only_the_log_is_left(tmp_path):
    fit(conv_net(), nn.Run(tmp_path))
    (tmp_path / "run.json").rename(tmp_path / "elsewhere.json")
    for resume in (False, True):
        with pytest.raises(nn.RunError, match=r"log of a run, but run\.json is missing"):
            fit(conv_net(), nn.Run(tmp_path, resume=resume))
    (tmp_path / "elsewhere.json").rename(tmp_path / "run.json")
    for file in (tmp_path / "checkpoints").iterdir():
        file.unlink()
    with pytest.raises(nn.RunError, match="log of a run, but its checkpoints are missing"):
        nn.Run(tmp_path)
    with pytest.raises(nn.RunError, match="there is no checkpoint"):
        nn.Run.open(tmp_path)


def test_run_that_broke_off_before_its_first_checkpoint_begins_anew(tmp_path, monkeypatch):
    def strike(*_):
        raise BreakOffError

    with monkeypatch.context() as patch:
        patch.setattr("nnscratch.runs.checkpoints.Checkpoints.write", strike)
        with pytest.raises(BreakOffError):
            fit(conv_net(), nn.Run(tmp_path))
    assert (tmp_path / "run.json").exists()
    fit(conv_net(seed=5), nn.Run(tmp_path))
    assert nn.Run.open(tmp_path).model.seed == 5


def test_validation_data_are_needed(tmp_path):
    options = {"validation_data": (X[:5], Y[:5])}
    expected = uninterrupted(tmp_path / "whole", **options)
    break_off(tmp_path / "run", "on_step", 4, **options)
    run = nn.Run.open(tmp_path / "run", data=(X, Y))
    with pytest.raises(nn.RunError, match="the validation data are needed"):
        run.resume(watchers(), verbose=0)
    run = nn.Run.open(tmp_path / "run", data=(X, Y), validation=(X[:5], Y[:5]))
    callbacks = watchers()
    history = run.resume(callbacks, verbose=0)
    assert_same_outcome(outcome(run.model, history, run, callbacks), expected)


# -- steps that come out otherwise ----------------------------------------------------------------


def test_second_time_that_comes_out_otherwise_is_told_once(tmp_path):
    break_off(tmp_path, "on_train_batch_end", 5, make=impure, every=3)
    run = nn.Run.open(tmp_path, model=impure(), data=(X, Y))
    assert run.steps == [0, 1, 2, 3, 4]
    expected = r"step 3 is taken a second time, and its loss is .* no pure function\?"
    with pytest.warns(RuntimeWarning, match=expected) as caught:
        run.resume(watchers(), verbose=0)
    assert len(caught) == 1
    assert len(run.steps) == 9


def test_missing_callback_that_changed_the_model_is_guessed(tmp_path):
    lower = nn.LambdaCallback(on_train_batch_begin=lambda batch: lower_rate(model))
    model, strike = conv_net(), Interrupt("on_train_batch_end", 5)
    with pytest.raises(BreakOffError):
        fit(model, lower, nn.Run(tmp_path, every=3), strike)
    with pytest.warns(RuntimeWarning, match="did a callback change it that is not here now"):
        nn.Run.open(tmp_path, data=(X, Y)).resume(verbose=0)


# -- a full disk ----------------------------------------------------------------------------------


def test_full_disk_in_the_log(tmp_path, monkeypatch):
    expected = uninterrupted(tmp_path / "whole")
    folder = tmp_path / "run"

    def fill_up(batch, logs):
        if model.iteration == 5:
            soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            size = (folder / LOG).stat().st_size
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, hard))
            limits.append((soft, hard))

    limits, model = [], conv_net()
    filling = nn.LambdaCallback(on_train_batch_end=fill_up)
    try:
        with pytest.raises(
            nn.RunError, match=r"cannot be written .* make room, or .* then nn\.Run"
        ):
            fit(model, *watchers(), filling, nn.Run(folder, every=2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits[0])
    run, callbacks = nn.Run.open(folder, data=(X, Y)), watchers()
    assert run.steps == [0, 1, 2, 3]
    assert_same_outcome(
        outcome(run.model, run.resume(callbacks, verbose=0), run, callbacks), expected
    )


def test_full_disk_at_a_checkpoint(tmp_path, monkeypatch):
    expected = uninterrupted(tmp_path / "whole")
    folder = tmp_path / "run"
    run = nn.Run(folder, every=2)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fill_up(batch):
        if run.model.iteration == 4:
            monkeypatch.setattr("nnscratch.training.atomic.os.fsync", full)

    filling = nn.LambdaCallback(on_train_batch_begin=fill_up)
    with pytest.raises(nn.RunError, match=r"cannot be written \(\[Errno 28\] No space left"):
        fit(conv_net(), *watchers(), filling, run)
    monkeypatch.undo()
    assert sorted(os.listdir(folder / "checkpoints"))[-1] == "step-000004.safetensors"
    callbacks = watchers()
    assert_same_outcome(
        outcome(run.model, run.resume(callbacks, verbose=0), run, callbacks), expected
    )


@pytest.mark.parametrize("place", ["file", "file/run"])
def test_folder_that_cannot_be_made(tmp_path, place):
    (tmp_path / "file").touch()
    model = conv_net()
    with pytest.raises(nn.RunError, match="so nothing is trained; see to that, or choose another"):
        fit(model, nn.Run(tmp_path / place))
    assert model.iteration == 0


def test_full_disk_before_the_first_step(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("nnscratch.runs.checkpoint_files.write", full)
    with pytest.raises(nn.RunError, match=r"No space left on device\), so nothing is trained"):
        fit(conv_net(), nn.Run(tmp_path))
    monkeypatch.undo()
    fit(conv_net(), nn.Run(tmp_path))
