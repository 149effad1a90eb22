from __future__ import annotations

import nnscratch as nn
from tests.doctor.nets import (
    BINARY,
    CROSS,
    PLANE,
    YES,
    Program,
    X,
    causes,
    complaints,
    first,
    programs,
    programs_by_cause,
)

OUT = nn.Dense(1, "sigmoid")

FAULTY = {
    "one unit for four numbers": Program(
        (nn.Dense(16, "tanh"), nn.Dense(1), nn.Dense(16, "tanh"), nn.Dense(4)), "mse", X
    ),
    "no hidden layer": Program((OUT,), BINARY(), CROSS, PLANE),
}
HEALTHY = {
    "as many units as numbers": Program(
        (nn.Dense(16, "tanh"), nn.Dense(4), nn.Dense(16, "tanh"), nn.Dense(4)), "mse", X
    ),
    "one unit is enough": Program((nn.Dense(1, "tanh"), OUT), BINARY(), YES),
    "no hidden layer is needed": Program((OUT,), BINARY(), YES),
}
OTHERS = {
    "missing_nonlinearity": Program((nn.Dense(16), OUT), BINARY(), CROSS, PLANE),
    "symmetric_units": Program(
        (
            nn.Dense(2, "relu", kernel_initializer=nn.initializers.Array([[1, 1], [-1, -1]])),
            nn.Dense(1, "sigmoid", kernel_initializer="ones"),
        ),
        BINARY(),
        CROSS,
        PLANE,
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "capacity"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_rows_that_are_not_fitted_are_named(cause, program):
    assert first(program) == cause


def test_nothing_is_said_of_room_where_the_steps_were_too_short():
    program = Program((OUT,), BINARY(), CROSS, PLANE, optimizer=nn.SGD(1e-6), epochs=5)
    assert causes(program.diagnosis()) == ["lr_too_low"]


def test_the_bottleneck_is_named():
    narrow = nn.Dense(1, name="narrow")
    layers = (nn.Dense(16, "tanh"), narrow, nn.Dense(16, "tanh"), nn.Dense(4))
    assert Program(layers, "mse", X).diagnosis().findings[0].where == ("narrow",)
