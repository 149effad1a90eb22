from __future__ import annotations

import numpy as np

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

COLUMN = np.array([[0.7], [-0.4]])
TWINS = nn.initializers.Array(np.tile(COLUMN, 8))
PAIRS = nn.initializers.Array(np.repeat([[0.7, -0.3], [-0.4, 0.6]], 8, axis=1))
NEARLY = nn.initializers.Array(np.hstack([np.tile(COLUMN, 2), [[0.2, -0.9], [0.8, 0.3]]]))
ONES = nn.Dense(1, "sigmoid", kernel_initializer="ones")

FAULTY = {
    "all units are one": Program(
        (nn.Dense(8, "relu", kernel_initializer=TWINS), ONES), BINARY(), CROSS, PLANE
    ),
    "two kinds of units": Program(
        (nn.Dense(16, "relu", kernel_initializer=PAIRS), ONES), BINARY(), CROSS, PLANE
    ),
}
HEALTHY = {
    "random": Program((nn.Dense(16, "relu"), nn.Dense(1, "sigmoid")), BINARY(), CROSS, PLANE),
    "equal units that random readers tell apart": Program(
        (nn.Dense(8, "tanh", kernel_initializer=TWINS), nn.Dense(1, "sigmoid")),
        BINARY(),
        YES,
        PLANE,
    ),
    "some copies, enough units": Program(
        (nn.Dense(4, "tanh", kernel_initializer=NEARLY), ONES), BINARY(), YES, PLANE
    ),
}
OTHERS = {
    "zero_or_constant_init": Program(
        (nn.Dense(8, "tanh", kernel_initializer=nn.initializers.Constant(0.1)), ONES),
        BINARY(),
        CROSS,
        PLANE,
    ),
    "capacity": Program((nn.Dense(1, "sigmoid"),), BINARY(), CROSS, PLANE),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "symmetric_units"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_narrow_layers_are_named(cause, program):
    assert first(program) == cause


def test_the_width_is_told_in_weights_and_in_gradients():
    (finding,) = FAULTY["two kinds of units"].diagnosis().findings
    numbers = finding.evidence[0].numbers
    assert numbers == {"units": 16, "first": 2, "last": 2, "gradients": 2}
