from __future__ import annotations

import numpy as np

import nnscratch as nn
from tests.doctor.nets import (
    BINARY,
    CLASSES,
    HIDDEN,
    NUMBERS,
    Program,
    complaints,
    first,
    programs,
    programs_by_cause,
)

FAULTY = {
    "prices": Program((HIDDEN, nn.Dense(1)), "mse", 3e5 + 1e5 * NUMBERS),
    "years": Program(
        (nn.Dense(16, "relu"), nn.Dense(1)), "mae", 2000 + 10 * NUMBERS, optimizer=nn.Adam(0.001)
    ),
    "two numbers, RMSprop": Program(
        (HIDDEN, nn.Dense(2)),
        "mse",
        np.hstack([500 * NUMBERS, 700 + 100 * NUMBERS]),
        optimizer=nn.RMSprop(0.001),
    ),
}
HEALTHY = {
    "scaled": Program((HIDDEN, nn.Dense(1)), "mse", NUMBERS),
    "just small enough": Program((HIDDEN, nn.Dense(1)), "mse", 6 * NUMBERS),
    "large, and reached": Program(
        (HIDDEN, nn.Dense(1)), "mse", 20 * NUMBERS, optimizer=nn.Adam(0.1)
    ),
}
OTHERS = {
    "output_range_mismatch": Program((HIDDEN, nn.Dense(1, "sigmoid")), "mse", 1e3 + 100 * NUMBERS),
    "lr_too_low": Program((HIDDEN, nn.Dense(1)), "mse", NUMBERS, optimizer=nn.SGD(1e-6)),
    "wrong_output_units": Program((HIDDEN, nn.Dense(1, "sigmoid")), BINARY(), 10 * CLASSES),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "unscaled_target"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_answers_that_never_reach_the_targets_are_named(cause, program):
    assert first(program) == cause
