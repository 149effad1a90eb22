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

SMALL = nn.initializers.RandomNormal(stddev=0.01)
OUT = nn.Dense(1, "sigmoid")

FAULTY = {
    "ReLU": Program(
        (
            nn.Dense(16, "relu", kernel_initializer=SMALL),
            nn.Dense(16, "relu", kernel_initializer=SMALL),
            OUT,
        ),
        BINARY(),
        YES,
        optimizer=nn.SGD(0.1),
    ),
    "a single layer": Program(
        (
            nn.Dense(16, "tanh"),
            nn.Dense(16, "tanh", kernel_initializer=nn.initializers.RandomNormal(stddev=0.0005)),
            OUT,
        ),
        BINARY(),
        CROSS,
        PLANE,
        optimizer=nn.SGD(0.01),
    ),
}
HEALTHY = {
    "glorot": Program((nn.Dense(16, "tanh"), nn.Dense(16, "tanh"), OUT), BINARY(), YES),
    "small, and learned all the same": Program(
        (nn.Dense(16, "tanh", kernel_initializer=SMALL), OUT), BINARY(), YES
    ),
}
OTHERS = {
    "vanishing_gradient": Program(
        (*(nn.Dense(8, "sigmoid") for _ in range(5)), OUT), BINARY(), YES, optimizer=nn.SGD(0.5)
    ),
    "lr_too_low": Program(
        (nn.Dense(16, "tanh"), OUT), BINARY(), YES, optimizer=nn.SGD(1e-6), epochs=10
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "weights_too_small"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_outputs_that_hardly_differ_are_named(cause, program):
    assert first(program) == cause
