"""Twins tell causes apart, on the cards of the findings that they decide."""

from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.doctor import Certainty
from nnscratch.doctor.treatments import OneBatch, ShuffledLabels
from tests.doctor.nets import BINARY, HIDDEN, NUMBERS, RNG, YES, Program, X

LONG = 60.0
NOISE = RNG.standard_normal((200, 1)).astype(np.float32)
WIDE, OUTPUT = nn.Dense(64, "relu"), nn.Dense(1, "sigmoid")
WIDE_TOO = nn.Dense(64, "relu")


def told(program: Program, twin, **options) -> str:
    doctor, model = nn.Doctor(), program.model()
    settings = {"epochs": program.epochs, "batch_size": program.batch_size, "verbose": 0}
    model.fit(program.x, program.y, callbacks=[doctor], **settings | options)
    return twin.tells(doctor.try_out(twin))


@pytest.mark.parametrize("y", [NOISE, NOISE > 0], ids=["numbers", "yes or no"])
def test_noise_that_is_learned_by_heart_is_learned_as_well_when_it_is_shuffled(y):
    last, loss = (nn.Dense(1), "mse") if y.dtype.kind == "f" else (OUTPUT, BINARY())
    program = Program((WIDE, WIDE_TOO, last), loss, y.astype(np.float32), epochs=60)
    assert "fitted as well" in told(program, ShuffledLabels())


@pytest.mark.parametrize(
    "program",
    [
        Program((HIDDEN, nn.Dense(1)), "mse", NUMBERS),
        Program((HIDDEN, OUTPUT), BINARY(), YES),
        Program((HIDDEN, nn.Dense(1)), BINARY(from_logits=True), YES),
    ],
    ids=["numbers", "yes or no", "logits"],
)
def test_labels_of_their_rows_are_fitted_better_than_shuffled_ones(program):
    assert "do have to do with their rows" in told(program, ShuffledLabels())


def test_shuffled_labels_keep_their_weights():
    weights = np.where(YES > 0, 3.0, 1.0)
    doctor, model = nn.Doctor(), Program((HIDDEN, OUTPUT), BINARY(), YES).model()
    model.fit(X, YES, sample_weight=weights, verbose=0, callbacks=[doctor])
    twin = ShuffledLabels()(doctor._begin)
    assert not np.array_equal(twin.rows.targets[0], doctor._begin.rows.targets[0])
    assert np.array_equal(twin.rows.weights, np.where(twin.rows.targets[0][:, 0] > 0, 3.0, 1.0))
    assert np.array_equal(twin.truth, twin.rows.targets[0])
    assert np.array_equal(twin.rows.inputs[0], X)


def test_a_sound_network_learns_a_batch_of_noise_by_heart():
    assert "these are learned by heart" in told(
        Program((WIDE, WIDE_TOO, nn.Dense(1)), "mse", NOISE), OneBatch()
    )


@pytest.mark.parametrize(
    "program",
    [
        Program((HIDDEN, nn.Dense(1, "softmax")), BINARY(), YES),
        Program((HIDDEN, OUTPUT), BINARY(), YES, optimizer=nn.SGD(1e-6)),
    ],
    ids=["wiring", "steps"],
)
def test_a_faulty_one_does_not(program):
    assert "not even these" in told(program, OneBatch())


def test_a_batch_is_of_rows_spread_over_all():
    order = np.argsort(YES)
    program = Program((WIDE, OUTPUT), BINARY(), YES[order], X[order])
    assert "these are learned by heart" in told(program, OneBatch())


def test_a_batch_with_one_target_tells_nothing():
    with pytest.raises(nn.NNError, match="one and the same target"):
        told(Program((HIDDEN, nn.Dense(1)), "mse", np.ones_like(NUMBERS)), OneBatch())


def test_no_signal_has_both_twins_on_its_card_and_is_no_surer():
    model = Program((HIDDEN, nn.Dense(1)), "mse", NOISE).model()
    found = nn.diagnose(model, X, NOISE, epochs=40, batch_size=20, budget=LONG)
    first, second = found.findings
    assert (first.cause, first.certainty) == ("no_signal", Certainty.likely)
    shuffled, batch = first.evidence[-2:]
    assert "tried from step 0 with the labels shuffled: R2" in shuffled.text
    assert set(shuffled.numbers) == {"twin", "training"}
    assert "the same batch at every step" in batch.text
    assert second.evidence[-2:] == (shuffled, batch)
    assert (found.trials.asked, found.trials.tried) == (2, 2)
    assert first.trial is None
    assert "the labels shuffled" in " ".join(str(found).split())


def test_what_elimination_leaves_is_held_against_one_batch():
    program = Program((HIDDEN, OUTPUT), BINARY(), YES)
    found = nn.diagnose(
        program.model(), X, YES, epochs=20, class_weight={0: 1.0, 1: 300.0}, budget=LONG
    )
    (finding,) = found.findings
    assert finding.cause == "capacity"
    assert "the same batch at every step" in finding.evidence[-1].text


def test_a_twin_that_time_ends_decides_nothing_unless_it_is_there():
    doctor, model = nn.Doctor(), Program((HIDDEN, OUTPUT), BINARY(), YES).model()
    model.fit(X, YES, epochs=40, batch_size=20, verbose=0, callbacks=[doctor])
    for twin in (ShuffledLabels(), OneBatch()):
        trial = doctor.try_out(twin, seconds=0)
        assert not trial.complete
    assert OneBatch().tells(trial).endswith("time was up before it could tell")
