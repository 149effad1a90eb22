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

AWAY = nn.initializers.Constant(12)
OUT = nn.Dense(1, "sigmoid")

FAULTY = {
    "sigmoid": Program(
        (nn.Dense(16, "sigmoid", bias_initializer=AWAY), OUT),
        BINARY(),
        CROSS,
        PLANE,
        optimizer=nn.SGD(0.1),
    ),
    "tanh, behind a layer": Program(
        (nn.Dense(16, "relu"), nn.Dense(16, "tanh", bias_initializer=AWAY), OUT),
        BINARY(),
        CROSS,
        PLANE,
        optimizer=nn.SGD(0.1),
    ),
}
HEALTHY = {
    "away from the ends in time": Program(
        (nn.Dense(16, "sigmoid", bias_initializer=AWAY), OUT), BINARY(), CROSS, PLANE
    ),
    "from the middle": Program((nn.Dense(16, "sigmoid"), OUT), BINARY(), YES),
    "sure answers": Program((OUT,), BINARY(), YES, optimizer=nn.SGD(50.0)),
    "ReLU with a bound": Program((nn.Dense(16), nn.ReLU(max_value=6), OUT), BINARY(), YES),
}
OTHERS = {
    "dead_relu": Program(
        (nn.Dense(16, "relu", bias_initializer=nn.initializers.Constant(-10)), OUT),
        BINARY(),
        YES,
    ),
    "weights_too_large": Program(
        (
            *(
                nn.Dense(64, "tanh", kernel_initializer=nn.initializers.RandomNormal(stddev=3))
                for _ in range(3)
            ),
            OUT,
        ),
        BINARY(),
        CROSS,
        optimizer=nn.SGD(0.003),
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "saturated_activation"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_units_that_do_not_move_are_named(cause, program):
    assert first(program) == cause
