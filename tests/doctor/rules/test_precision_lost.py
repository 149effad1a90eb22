from __future__ import annotations

import nnscratch as nn
from tests.doctor.nets import (
    BINARY,
    YES,
    Program,
    complaints,
    first,
    programs,
    programs_by_cause,
)

LAYERS = (nn.Dense(16, "tanh"), nn.Dense(1, "sigmoid"))

FAULTY = {
    "Adam": Program(LAYERS, BINARY(), YES, optimizer=nn.Adam(0.01, epsilon=1e3)),
    "RMSprop": Program(LAYERS, BINARY(), YES, optimizer=nn.RMSprop(0.001, epsilon=10.0)),
}
HEALTHY = {
    "Adam": Program(LAYERS, BINARY(), YES, optimizer=nn.Adam(0.01)),
    "a large epsilon that the learning rate makes up for": Program(
        LAYERS, BINARY(), YES, optimizer=nn.Adam(10.0, epsilon=100.0)
    ),
}
OTHERS = {
    "lr_too_low": Program(LAYERS, BINARY(), YES, optimizer=nn.Adam(1e-7), epochs=5),
    "vanishing_gradient": Program(
        (*(nn.Dense(8, "sigmoid") for _ in range(8)), nn.Dense(1, "sigmoid")),
        BINARY(),
        YES,
        optimizer=nn.Adam(0.002),
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "precision_lost"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_short_steps_are_named(cause, program):
    assert first(program) == cause


def test_updates_that_rounding_swallows_are_told_of_short_steps():
    program = Program(LAYERS, BINARY(), YES, optimizer=nn.SGD(1e-8), epochs=5)
    (finding,) = program.diagnosis().findings
    assert finding.cause == "lr_too_low"
    assert finding.evidence[1].numbers["swallowed"] > 0.5
    longer = Program(LAYERS, BINARY(), YES, optimizer=nn.SGD(1e-4), epochs=5)
    assert len(longer.diagnosis().findings[0].evidence) == 1
