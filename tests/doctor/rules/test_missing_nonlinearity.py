from __future__ import annotations

import nnscratch as nn
from tests.doctor.nets import (
    BINARY,
    CROSS,
    PLANE,
    YES,
    Program,
    complaints,
    first,
    programs,
    programs_by_cause,
)

OUT = nn.Dense(1, "sigmoid")

FAULTY = {
    "no activation": Program((nn.Dense(16), nn.Dense(16), OUT), BINARY(), CROSS, PLANE),
    "linear ones, and dropout": Program(
        (nn.Dense(16, "linear"), nn.Dropout(0.1), nn.Dense(16), nn.Dense(1)),
        BINARY(from_logits=True),
        CROSS,
        PLANE,
    ),
    "distances": Program(
        (nn.Dense(16), nn.Dense(1)), "mse", (PLANE[:, :1] ** 2 + PLANE[:, 1:] ** 2), PLANE
    ),
}
HEALTHY = {
    "with activations": Program(
        (nn.Dense(16, "relu"), nn.Dense(16, "relu"), OUT), BINARY(), CROSS, PLANE
    ),
    "none is needed": Program((nn.Dense(16), nn.Dense(16), OUT), BINARY(), YES),
}
OTHERS = {
    "capacity": Program((OUT,), BINARY(), CROSS, PLANE),
    "lr_too_low": Program(
        (nn.Dense(16, "relu"), OUT), BINARY(), CROSS, PLANE, optimizer=nn.SGD(1e-6), epochs=5
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "missing_nonlinearity"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_answers_that_are_too_simple_are_named(cause, program):
    assert first(program) == cause
