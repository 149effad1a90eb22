from __future__ import annotations

import numpy as np

import nnscratch as nn
from tests.doctor.nets import (
    BINARY,
    HIDDEN,
    NUMBERS,
    YES,
    Program,
    complaints,
    first,
    programs,
    programs_by_cause,
)

RNG = np.random.default_rng(4)
NOISE = RNG.standard_normal((200, 1)).astype(np.float32)
ROWS = RNG.standard_normal((400, 4)).astype(np.float32)
SIGNS = (ROWS[:, 0] * ROWS[:, 1] > 0).astype(np.float32)
WIDE, WIDER = nn.Dense(64, "relu"), nn.Dense(64, "relu")

FAULTY = {
    "numbers": Program((HIDDEN, nn.Dense(1)), "mse", NOISE),
    "yes or no, known by heart": Program(
        (WIDE, WIDER, nn.Dense(1, "sigmoid")),
        BINARY(),
        (NOISE > 0).astype(np.float32),
        validation_split=0.3,
    ),
    "numbers, known by heart": Program(
        (WIDE, WIDER, nn.Dense(1)), "mse", NOISE, epochs=60, validation_split=0.3
    ),
}
HEALTHY = {
    "numbers": Program((HIDDEN, nn.Dense(1)), "mse", NUMBERS),
    "numbers behind much noise": Program(
        (HIDDEN, nn.Dense(1)), "mse", NUMBERS + 1.5 * NOISE, validation_split=0.3
    ),
    "what neither near rows nor a line know": Program(
        (nn.Dense(32, "tanh"), nn.Dense(1, "sigmoid")), BINARY(), SIGNS, ROWS, validation_split=0.25
    ),
}
OTHERS = {
    "lr_too_low": Program((HIDDEN, nn.Dense(1)), "mse", NUMBERS, optimizer=nn.SGD(1e-5)),
    "bad_labels": Program(
        (HIDDEN, nn.Dense(1, "sigmoid")),
        BINARY(),
        np.concatenate([RNG.permutation(YES[:120]), YES[120:]]),
        validation_split=0.4,
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "no_signal"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_chance_on_other_rows_are_named(cause, program):
    assert first(program) == cause


def test_rows_that_are_all_equal_prove_it():
    found = Program((WIDE, nn.Dense(1)), "mse", NUMBERS, 0 * ROWS[:200]).diagnosis().findings[0]
    assert (found.cause, found.certainty.name) == ("no_signal", "certain")
    assert found.where == ("data.x",)


def test_that_wrong_labels_look_the_same_is_said():
    found = FAULTY["numbers"].diagnosis().findings
    assert [(entry.cause, entry.certainty.name) for entry in found] == [
        ("no_signal", "likely"),
        ("bad_labels", "possible"),
    ]
    assert "bad_labels" in found[0].why
