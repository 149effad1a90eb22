"""Every step of a run can be had again, to the bit, and nothing else is touched."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.runs.checkpoints import Key
from tests.backends import BACKEND
from tests.nets import assert_same_bits, contents, conv_net, everything, linear
from tests.runs.trainings import BOTH, PAIRS, Steps, X, Y, fit, siamese, two_outputs, watchers


def check_every_step(run, steps, order=None):
    """All steps of a run against those that a callback kept."""
    assert run.steps == list(steps)
    for index in order or reversed(run.steps):
        assert_same_bits(contents(run.step(index)), contents(steps[index]))


def record(folder, model, *callbacks, every=4, keep=20, **options):
    """A run, and the steps that it should have."""
    run, watch = nn.Run(folder, every=every, keep=keep), Steps()
    fit(model, *callbacks, run, watch, **options)
    return run, watch.steps


# -- trainings of all kinds -----------------------------------------------------------------------

TRAININGS = {
    "adam": lambda: (conv_net(), {}),
    "momentum": lambda: (conv_net(optimizer=nn.SGD(0.1, momentum=0.9, clipnorm=1.0)), {}),
    "schedule": lambda: (
        conv_net(optimizer=nn.AdamW(nn.schedules.ExponentialDecay(0.1, 2, 0.5))),
        {},
    ),
    "numba": lambda: (conv_net("numba"), {}),
    "float64, exact": lambda: (conv_net(dtype="float64", exact=True), {}),
    "not shuffled": lambda: (conv_net(), {"shuffle": False}),
    "no validation": lambda: (conv_net(), {"validation_split": 0.0}),
    "validation data": lambda: (conv_net(), {"validation_data": (X[:5], Y[:5], np.arange(5.0))}),
    "weights": lambda: (
        conv_net(),
        {"sample_weight": np.linspace(0, 2, 17), "class_weight": {0: 3.0}},
    ),
    "later epochs": lambda: (conv_net(), {"initial_epoch": 1}),
    "one batch": lambda: (conv_net(), {"batch_size": None}),
    "siamese": lambda: (siamese(), dict(zip("xy", PAIRS, strict=True))),
    "two outputs": lambda: (two_outputs(), dict(zip("xy", BOTH, strict=True))),
}


@pytest.mark.parametrize("make", TRAININGS.values(), ids=TRAININGS)
def test_every_step_comes_back(tmp_path, make):
    model, options = make()
    run, steps = record(tmp_path, model, **options)
    check_every_step(run, steps)


@pytest.mark.parametrize("make", TRAININGS.values(), ids=TRAININGS)
def test_every_step_comes_back_from_the_folder_alone(tmp_path, make):
    model, options = make()
    run, steps = record(tmp_path, model, **options)
    opened = nn.Run.open(tmp_path, data=[options.get("x", X), options.get("y", Y)])
    check_every_step(opened, steps)
    assert opened.loss == run.loss == [step.loss for step in steps.values()]
    assert opened.metrics == run.metrics
    assert opened.history == run.history
    assert_same_bits(everything(opened.model), everything(model))
    assert opened.differences == []


def test_nans_and_infinities_are_replayed_too(tmp_path):
    x = X.copy()
    x[3, 2] = np.inf
    with np.errstate(all="ignore"):
        run, steps = record(tmp_path, conv_net(), x=x, allow_nonfinite=True)
        assert np.isnan(run.loss).any()
        check_every_step(run, steps)
        check_every_step(nn.Run.open(tmp_path, data=(x, Y)), steps)


def test_input_that_the_first_data_declare(tmp_path):
    model = nn.Sequential([nn.Flatten(), nn.Dense(3, "softmax")], backend=BACKEND, seed=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    run, steps = record(tmp_path, model)
    check_every_step(run, steps)
    check_every_step(nn.Run.open(tmp_path, data=(X, Y)), steps)


def test_training_without_a_step(tmp_path):
    run, steps = record(tmp_path, conv_net(), epochs=0)
    assert run.steps == steps == run.history == {} or (run.steps, steps) == ([], {})
    with pytest.raises(nn.RunError, match="step 0 was not recorded; recorded: none yet"):
        run.step(0)


# -- what callbacks do to a model -----------------------------------------------------------------


class Meddler(nn.Callback):
    """Does something to the model in one of the hooks, every second time."""

    def __init__(self, hook, deed):
        self.deed = deed
        self.calls = 0
        setattr(self, hook, self.meddle)

    def meddle(self, *_):
        self.calls += 1
        if self.calls % 2 == 0:
            self.deed(self.model)


def add_noise(model):
    model.set_weights([weight + np.float32(0.01) for weight in model.get_weights()])


def set_one(model):
    model.set_weights({"batch_normalization/moving_mean": np.full(4, 0.5)})


def toggle(model):
    if model.parameters.frozen_layers:
        model.unfreeze("conv2d")
    else:
        model.freeze("conv2d")


def lower_rate(model):
    model.learning_rate *= 0.75


def extra_step(model):
    model.train_step(X[:3], Y[:3])


DEEDS = [add_noise, set_one, toggle, lower_rate, extra_step]
HOOKS = [
    "on_train_begin",
    "on_epoch_begin",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_begin",
    "on_epoch_end",
    "on_train_end",
]


@pytest.mark.filterwarnings("ignore:.*changes the model again and again")
@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("deed", DEEDS)
def test_what_callbacks_do_to_the_model_is_replayed(tmp_path, deed, hook):
    plain, watched = conv_net(), conv_net()
    fit(plain, Meddler(hook, deed))
    _, steps = record(tmp_path, watched, Meddler(hook, deed), every=2, keep=3)
    assert_same_bits(everything(watched), everything(plain))  # recording changes nothing
    run = nn.Run.open(tmp_path, data=(X, Y))
    check_every_step(run, steps, [*sorted(steps)[-2:], *sorted(steps)])
    assert_same_bits(everything(run.model), everything(watched))


def test_learning_rate_of_every_step_costs_no_checkpoints(tmp_path):
    record(tmp_path, conv_net(), Meddler("on_train_batch_begin", lower_rate), every=100)
    assert nn.Run.open(tmp_path)._known.checkpoints.keys() == [Key(0), Key(9)]


def test_changes_without_end_are_warned_of(tmp_path):
    meddler = nn.LambdaCallback(on_train_batch_begin=lambda *_: add_noise(model))
    model = conv_net()
    with pytest.warns(RuntimeWarning, match="changes the model again and again") as caught:
        record(tmp_path, model, meddler, keep=3)
    assert len(caught) == 1


def test_monitors_are_replayed(tmp_path):
    model = conv_net()
    run, steps = record(tmp_path, model, *watchers(), epochs=9)
    assert len(run.history["loss"]) < 9  # stopped early
    check_every_step(run, steps)
    assert_same_bits(everything(nn.Run.open(tmp_path).model), everything(model))


def test_training_that_ends_in_the_middle_of_an_epoch(tmp_path):
    x = X.copy()
    x[2] = np.nan
    model = conv_net()
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning, match="TerminateOnNaN"):
        run, steps = record(
            tmp_path, model, nn.TerminateOnNaN(), x=x, allow_nonfinite=True, shuffle=False
        )
    check_every_step(run, steps)
    assert len(run.history["loss"]) == 1


def test_model_compiled_anew_by_a_callback_is_refused(tmp_path):
    model = conv_net()
    anew = Meddler("on_epoch_end", lambda m: m.compile("sgd", "sparse_categorical_crossentropy"))
    with pytest.raises(nn.RunError, match="compiled anew in the middle of training"):
        record(tmp_path, model, anew)
    assert len(nn.Run.open(tmp_path).steps) == 6


# -- side by side with training -------------------------------------------------------------------


def test_model_is_not_touched(tmp_path):
    model = conv_net()
    run, _ = record(tmp_path, model)
    before = everything(model)
    run.step(3)
    run.step(8)
    assert_same_bits(everything(model), before)


def test_steps_come_back_while_training_goes_on(tmp_path):
    run, watch, found = nn.Run(tmp_path, every=3), Steps(), []

    def look(batch, logs):
        for index in run.steps[::2]:
            found.append(index)
            assert_same_bits(contents(run.step(index)), contents(watch.steps[index]))

    model, plain = conv_net(), conv_net()
    fit(model, run, watch, nn.LambdaCallback(on_train_batch_end=look))
    fit(plain)
    assert len(found) > 10
    assert_same_bits(everything(model), everything(plain))


def test_first_run_outlives_a_second_fit_of_the_model(tmp_path):
    model = conv_net()
    first, first_steps = record(tmp_path / "a", model)
    second, second_steps = record(tmp_path / "b", model, shuffle=False)
    assert (first.steps, second.steps) == (list(range(9)), list(range(9, 18)))
    model.compile("sgd", "sparse_categorical_crossentropy")
    check_every_step(first, first_steps)
    check_every_step(second, second_steps)


def test_a_run_serves_one_fit(tmp_path):
    model = conv_net()
    run, _ = record(tmp_path, model)
    before = everything(model)
    with pytest.raises(nn.RunError, match="already holds a run"):
        fit(model, run)
    assert_same_bits(everything(model), before)


def test_two_runs_of_one_fit(tmp_path):
    one, watch = nn.Run(tmp_path / "one", every=2), Steps()
    other, _ = record(tmp_path / "other", conv_net(), one, watch)
    check_every_step(one, watch.steps)
    check_every_step(other, watch.steps)


# -- thinning -------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [2, 3, 5])
def test_few_checkpoints_reach_every_step(tmp_path, keep):
    model = linear([[0.5]], optimizer="adam")
    x = np.linspace(-1, 1, 8)[:, None]
    run, watch = nn.Run(tmp_path, every=2, keep=keep), Steps()
    model.fit(x, 3 * x, batch_size=2, epochs=10, verbose=0, callbacks=[run, watch])
    assert len(list((tmp_path / "checkpoints").iterdir())) <= keep
    check_every_step(run, watch.steps, np.random.default_rng(0).permutation(40).tolist())


# -- what does not come out -----------------------------------------------------------------------


def test_step_that_was_not_recorded(tmp_path):
    run, _ = record(tmp_path, conv_net())
    with pytest.raises(nn.RunError, match="step 9 was not recorded; recorded: 0 to 8, 9 steps"):
        run.step(9)
    with pytest.raises(nn.RunError, match="step -1 was not recorded"):
        run.step(-1)


def test_data_that_were_changed_in_place_are_found_out(tmp_path):
    x = X.copy()
    run, _ = record(tmp_path, conv_net(), x=x, validation_split=0.0)
    x *= 2
    with pytest.raises(nn.ReplayError, match=r"data have changed since: training inputs: .* range"):
        run.step(2)


class Impure(nn.Linear):
    """Its output has another scale, between 1 and 2, whenever it is called."""

    factors = itertools.count(1)

    def forward(self, ctx, params, state, *xs):
        return nn.Output(xs[0] * np.float32(1 + 0.618 * next(self.factors) % 1))


def impure():
    layers = [nn.Input((6, 6, 1)), nn.Flatten(), nn.Dense(3), Impure(), nn.Softmax()]
    model = nn.Sequential(layers, backend=BACKEND, seed=0)
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def test_part_that_is_no_pure_function_is_found_out(tmp_path):
    run, _ = record(tmp_path, impure())
    expected = r"step 0 was recorded with the loss .*, here .* is Impure another .* no pure f"
    with pytest.raises(nn.ReplayError, match=expected):
        run.step(0)


def test_what_differs_from_the_recording_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("nnscratch.runs.environment.processor", lambda: "Abacus")
    record(tmp_path, impure())
    monkeypatch.undo()
    run = nn.Run.open(tmp_path, model=impure(), data=(X, Y))
    assert len(run.differences) == 1
    assert run.differences[0].startswith("processor: recorded 'Abacus', here ")
    with pytest.raises(nn.ReplayError, match="What differs: processor: recorded 'Abacus', here"):
        run.step(0)


def test_folder_of_another_machine_replays_where_the_bits_agree(tmp_path, monkeypatch):
    monkeypatch.setattr("nnscratch.runs.environment.processor", lambda: "Abacus")
    _, steps = record(tmp_path, conv_net())
    monkeypatch.undo()
    run = nn.Run.open(tmp_path, data=(X, Y))
    assert len(run.differences) == 1
    check_every_step(run, steps)


def test_nothing_recorded_yet(tmp_path):
    run = nn.Run(tmp_path / "run")
    with pytest.raises(nn.RunError, match=r"nothing is recorded yet; give it to model\.fit"):
        run.step(0)
    assert not (tmp_path / "run").exists()


def test_recording_changes_nothing(tmp_path):
    plain, recorded = conv_net(), conv_net()
    history = fit(plain, *watchers())
    assert fit(recorded, *watchers(), nn.Run(tmp_path)).history == history.history
    assert_same_bits(everything(recorded), everything(plain))
