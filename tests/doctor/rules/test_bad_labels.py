from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.doctor import Certainty
from tests.doctor.nets import (
    BINARY,
    CLASSES,
    HIDDEN,
    NUMBERS,
    PIXELS,
    SPARSE,
    YES,
    Program,
    X,
    complaints,
    first,
    programs,
    programs_by_cause,
)

RNG = np.random.default_rng(5)
OUTPUT = nn.Dense(3, "softmax")
FLAT = PIXELS.reshape(200, -1)

FAULTY = {
    "shuffled, of pictures": Program(
        (HIDDEN, OUTPUT), SPARSE(), RNG.permutation(CLASSES), FLAT, validation_split=0.2
    ),
    "shuffled, and those for validation are not": Program(
        (HIDDEN, OUTPUT),
        SPARSE(),
        np.concatenate([RNG.permutation(CLASSES[:120]), CLASSES[120:]]),
        validation_split=0.4,
    ),
    "one class": Program((HIDDEN, OUTPUT), SPARSE(), 0 * CLASSES),
    "one number": Program((HIDDEN, nn.Dense(1)), "mse", np.full_like(NUMBERS, 0.5)),
}
HEALTHY = {
    "pictures": Program((HIDDEN, OUTPUT), SPARSE(), CLASSES, FLAT, epochs=80),
    "one in four is wrong": Program(
        (HIDDEN, nn.Dense(1, "sigmoid")),
        BINARY(),
        np.where(RNG.random(200) < 0.25, 1 - YES, YES),
        validation_split=0.2,
    ),
}
OTHERS = {
    "no_signal": Program((HIDDEN, OUTPUT), SPARSE(), RNG.integers(0, 3, 200), validation_split=0.2),
    "lr_too_low": Program((HIDDEN, OUTPUT), SPARSE(), CLASSES, FLAT, nn.SGD(1e-5)),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "bad_labels"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_chance_accuracy_are_named(cause, program):
    assert first(program) == cause


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_labels_that_agree_with_the_true_ones_by_chance_are_still_shuffled(seed):
    shuffled, doctor = np.random.default_rng(seed).permutation(CLASSES), nn.Doctor()
    model = Program((HIDDEN, OUTPUT), SPARSE(), shuffled).model()
    truth = (X, CLASSES)
    model.fit(X, shuffled, epochs=40, validation_data=truth, callbacks=[doctor], verbose=0)
    assert doctor.diagnosis.findings[0].cause == "bad_labels"
    assert doctor.diagnosis.findings[0].certainty is Certainty.certain
