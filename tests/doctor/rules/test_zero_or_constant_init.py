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

TENTH = nn.initializers.Constant(0.1)
OUT = nn.Dense(1, "sigmoid")

FAULTY = {
    "zeros before ReLU": Program(
        (nn.Dense(8, "relu", kernel_initializer="zeros"), nn.Dense(8, "relu"), OUT), BINARY(), YES
    ),
    "two layers of zeros": Program(
        (
            nn.Dense(8, "tanh", kernel_initializer="zeros"),
            nn.Dense(1, "sigmoid", kernel_initializer="zeros"),
        ),
        BINARY(),
        CROSS,
        PLANE,
    ),
    "a constant everywhere": Program(
        (
            nn.Dense(8, "tanh", kernel_initializer=TENTH),
            nn.Dense(8, "tanh", kernel_initializer=TENTH),
            nn.Dense(1, "sigmoid", kernel_initializer=TENTH),
        ),
        BINARY(),
        CROSS,
        PLANE,
    ),
}
HEALTHY = {
    "random": Program((nn.Dense(8, "tanh"), OUT), BINARY(), YES),
    "zeros in the last layer": Program(
        (nn.Dense(8, "tanh"), nn.Dense(1, "sigmoid", kernel_initializer="zeros")), BINARY(), YES
    ),
    "zeros in the only layer": Program(
        (nn.Dense(1, "sigmoid", kernel_initializer="zeros"),), BINARY(), YES
    ),
    "zeros that random readers tell apart": Program(
        (nn.Dense(8, "tanh", kernel_initializer="zeros"), OUT), BINARY(), YES
    ),
}
OTHERS = {
    "unit_kernels": Program(
        (nn.Dense(8, "tanh", kernel_initializer="ones"), nn.Dense(1, kernel_initializer="ones")),
        BINARY(from_logits=True),
        CROSS,
        PLANE,
    ),
    "vanishing_gradient": Program(
        (*(nn.Dense(8, "sigmoid") for _ in range(5)), OUT), BINARY(), YES, optimizer=nn.SGD(0.5)
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "zero_or_constant_init"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_units_that_do_not_learn_are_named(cause, program):
    assert first(program) == cause


def test_units_are_counted_from_the_first_step_to_the_last():
    (finding,) = FAULTY["a constant everywhere"].diagnosis().findings
    numbers = finding.evidence[0].numbers
    assert numbers == {"units": 8, "first": 1, "last": 1, "gradients": 1}
    assert "at the end 1 are linearly independent" in finding.evidence[0].text
