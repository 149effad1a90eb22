"""Fixes are tried by forks: of the same beginning, with one thing changed, within a time."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.doctor import Certainty, Evidence, Finding
from nnscratch.doctor.program import Program
from nnscratch.doctor.retraining import at, retrain
from nnscratch.doctor.treatments import LearningRate, StandardisedInput, Treatment
from nnscratch.doctor.trials import standing, try_fixes
from tests.backends import BACKEND
from tests.doctor.nets import NUMBERS, RNG, YES, X, diagnosis, net

LARGE = X * np.array([1, 300, 20, 1000], np.float32)
LONG = 60.0
"""Seconds; all of these trials take less than one."""


def ill(optimizer=None) -> nn.Model:
    return net(
        nn.Dense(1, "sigmoid"),
        loss="binary_crossentropy",
        optimizer=optimizer or nn.SGD(0.05),
    )


def watched(model: nn.Model, x=LARGE, y=YES, **options) -> nn.Doctor:
    doctor = nn.Doctor()
    settings = {"epochs": 20, "batch_size": 20, "verbose": 0} | options
    callbacks = [*settings.pop("callbacks", ()), doctor]
    model.fit(x, y, callbacks=callbacks, **settings)
    return doctor


def test_a_fix_that_helps_is_verified_on_card_page_and_in_json():
    found = diagnosis(ill(), YES, LARGE, budget=LONG)
    first = found.findings[0]
    assert first.cause == "unscaled_input"
    assert first.trial.better
    assert first.trial.treated.score > 0.95
    assert (first.trial.start, first.trial.parted) == (0, 0)
    assert first.trial.treated.steps == first.trial.untreated.steps == 400
    assert "verified: tried from step 0 with input standardised" in str(found)
    assert "trials: 1 of 1 were made" in str(found)
    assert max(map(len, str(found).splitlines())) <= 80
    assert "<dt>verified</dt>" in found.to_html()
    told = json.loads(found.to_json())
    assert told["findings"][0]["trial"]["better"] is True
    assert told["findings"][0]["verified"] == first.verified
    assert told["trials"]["tried"] == 1


def test_a_trial_is_scored_as_the_training_was():
    logits = nn.losses.BinaryCrossentropy(from_logits=True)
    doctor = watched(net(nn.Dense(1), loss=logits, optimizer=nn.SGD(0.01)), X, epochs=2)
    trial = doctor.try_out(Nothing())
    assert trial.treated == trial.untreated


def test_a_fix_that_does_not_help_is_told_too():
    noise = RNG.permutation(YES)
    trial = watched(ill(), X, noise).try_out(LearningRate(0.5))
    assert not trial.better
    assert trial.complete
    assert str(trial).endswith("no better")
    assert trial.verdict == "tried"


def test_the_model_stays_as_training_left_it():
    model = ill(nn.Adam(0.01))
    doctor = watched(model)
    before, slots = model.get_weights(), dict(model.snapshot().slots)
    after = doctor.verify(LONG)
    assert after.trials.tried == 1
    assert all(map(np.array_equal, before, model.get_weights()))
    assert all(slots[name] is model.snapshot().slots[name] for name in slots)
    assert model.iteration == 200


@pytest.mark.parametrize("step", [0, 7, 10, 13])
def test_a_fork_without_a_change_is_the_training_bit_for_bit(step):
    model = net(nn.Dropout(0.3), nn.BatchNormalization(), nn.Dense(1), loss="mse")
    kept: list[Program] = []
    begin = nn.LambdaCallback()
    begin.set_fit = lambda fit: kept.append(Program.of(model, dataclasses.replace(fit)))
    doctor = watched(model, X, NUMBERS, epochs=2, callbacks=[begin])
    taken = retrain(at(kept[0], step))
    assert taken.losses == doctor._chart.course.losses[step:]
    for here, there in zip(model.get_weights(), taken.model.get_weights(), strict=True):
        assert here.tobytes() == there.tobytes()


def test_a_fork_from_a_step_parts_behind_it():
    trial = watched(ill(), X).try_out(LearningRate(0.1), step=50)
    assert (trial.start, trial.parted, trial.treated.steps) == (50, 51, 200)


def test_there_is_no_fork_from_a_step_that_was_not_taken():
    with pytest.raises(nn.StepError, match="takes steps 0 to 199"):
        watched(ill()).try_out(LearningRate(0.1), step=300)


def test_without_a_budget_nothing_is_tried():
    found = diagnosis(ill(), YES, LARGE, budget=0)
    assert found.findings[0].trial is None
    assert found.trials is None
    assert "trials" not in str(found)


def test_time_ends_a_trial():
    trial = watched(ill()).try_out(StandardisedInput(), seconds=0)
    assert trial.treated.steps == 1
    assert not trial.complete
    assert "after 1 steps instead of" in str(trial)
    assert str(trial).endswith("no better yet, and time was up")


def test_a_budget_that_is_spent_leaves_fixes_untried():
    found = watched(ill()).verify(1e-9)
    assert found.findings[0].trial is None
    assert "trials: 0 of 1 were made" in str(found)
    assert "time was up" in str(found)


@pytest.mark.parametrize("budget", [-1, math.nan, "long", True])
def test_a_budget_is_a_number_of_seconds(budget):
    with pytest.raises(nn.NNError, match="diagnose budget: expected a finite number >= 0"):
        nn.diagnose(ill(), LARGE, YES, budget=budget)


def test_ctrl_c_ends_the_trials_and_leaves_what_was_found(monkeypatch):
    def interrupted(self, program):
        raise KeyboardInterrupt

    monkeypatch.setattr(StandardisedInput, "__call__", interrupted)
    found = diagnosis(ill(), YES, LARGE, budget=LONG)
    assert found.findings[0].cause == "unscaled_input"
    assert found.trials.notes == ("interrupted",)


def test_a_training_that_a_callback_steered_cannot_be_forked():
    def slower(epoch, logs=None):
        doctor.model.learning_rate = 0.01

    doctor = nn.Doctor()
    model, steer = ill(), nn.LambdaCallback(on_epoch_begin=slower)
    model.fit(LARGE, YES, epochs=2, verbose=0, callbacks=[steer, doctor])
    assert "a callback changed the optimizer" in str(doctor.verify(LONG).trials)
    with pytest.raises(nn.NNError, match="a callback changed the optimizer"):
        doctor.try_out(LearningRate(0.1))


@dataclasses.dataclass(frozen=True)
class Nothing(Treatment):
    def __call__(self, program):
        return program

    def __str__(self):
        return "nothing changed"


@dataclasses.dataclass(frozen=True)
class Impossible(Treatment):
    def __call__(self, program):
        raise nn.ShapeError("does not fit")

    def __str__(self):
        return "something impossible"


def test_of_equally_sure_findings_the_verified_one_comes_first():
    def finding(cause, treatment, certainty=Certainty.likely):
        seen = (Evidence("seen"),)
        return Finding(cause, ("training",), seen, "why", "fix", certainty, treatment)

    findings = (
        finding("wrong_loss", Nothing(), Certainty.certain),
        finding("lr_too_high", Nothing()),
        finding("capacity", None),
        finding("no_signal", Impossible()),
        finding("unscaled_input", StandardisedInput()),
    )
    known, told = try_fixes(watched(ill())._watched, findings, LONG)
    order = ["wrong_loss", "unscaled_input", "capacity", "no_signal", "lr_too_high"]
    assert [finding.cause for finding in known] == order
    assert [standing(finding.trial) for finding in known] == [2, 0, 1, 1, 2]
    assert told.notes == ("something impossible: does not fit",)
    assert (told.asked, told.tried) == (3, 2)  # two findings share one
    assert known[0].trial.parted is None


def test_diagnose_compiles_a_model_that_is_not_compiled():
    model = nn.Sequential([nn.Dense(4, "tanh"), nn.Dense(1)], seed=0, backend=BACKEND)
    nn.diagnose(model, X, NUMBERS, loss="mse", optimizer=nn.SGD(0.02), budget=0)
    assert model.learning_rate == 0.02


@pytest.mark.parametrize(
    ("given", "message"),
    [({}, "no loss is given"), ({"optimizer": "adam"}, "no loss is given")],
)
def test_diagnose_says_what_it_needs_to_compile(given, message):
    model = nn.Sequential([nn.Dense(1)], backend=BACKEND)
    with pytest.raises(nn.NNError, match=message):
        nn.diagnose(model, X, NUMBERS, **given)


def test_diagnose_ignores_no_loss_that_it_is_given():
    with pytest.raises(nn.NNError, match="compiled already, loss would be ignored"):
        nn.diagnose(ill(), X, YES, loss="mse")
