from __future__ import annotations

import pytest

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
    "sigmoid": Program(
        (*(nn.Dense(8, "sigmoid") for _ in range(5)), OUT), BINARY(), YES, optimizer=nn.SGD(0.5)
    ),
    "with Adam": Program(
        (*(nn.Dense(8, "sigmoid") for _ in range(8)), OUT), BINARY(), YES, optimizer=nn.Adam(0.002)
    ),
}
HEALTHY = {
    "as many layers of sigmoid, and learned all the same": Program(
        (*(nn.Dense(8, "sigmoid") for _ in range(5)), OUT), BINARY(), YES, optimizer=nn.Adam(0.05)
    ),
    "tanh": Program(
        (*(nn.Dense(8, "tanh") for _ in range(5)), OUT), BINARY(), YES, optimizer=nn.SGD(0.5)
    ),
    "two layers of sigmoid": Program(
        (nn.Dense(8, "sigmoid"), nn.Dense(8, "sigmoid"), OUT), BINARY(), YES
    ),
    "a last layer of zeros": Program(
        (nn.Dense(8, "tanh"), nn.Dense(8, "tanh"), nn.Dense(1, kernel_initializer="zeros")),
        BINARY(from_logits=True),
        YES,
    ),
}
OTHERS = {
    "wrong_hidden_activation": Program(
        (nn.Dense(32, "softmax"), nn.Dense(32, "softmax"), OUT),
        BINARY(),
        CROSS,
        PLANE,
        optimizer=nn.SGD(0.1),
    ),
    "saturated_activation": Program(
        (
            nn.Dense(16, "sigmoid", bias_initializer=nn.initializers.Constant(12)),
            OUT,
        ),
        BINARY(),
        CROSS,
        PLANE,
        optimizer=nn.SGD(0.1),
    ),
    "weights_too_small": Program(
        (
            *(
                nn.Dense(16, "relu", kernel_initializer=nn.initializers.RandomNormal(stddev=0.01))
                for _ in range(2)
            ),
            OUT,
        ),
        BINARY(),
        YES,
        optimizer=nn.SGD(0.1),
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "vanishing_gradient"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_first_layers_that_stand_still_are_named(cause, program):
    assert first(program) == cause


def test_the_call_that_lets_least_through_is_named_with_the_factors_of_all():
    layers = [nn.Dense(8, "sigmoid", name=f"layer{number}") for number in range(5)]
    (finding,) = Program((*layers, OUT), BINARY(), YES, optimizer=nn.SGD(0.5)).diagnosis().findings
    factors = dict(finding.evidence[1].numbers)
    total = factors.pop("total")
    assert finding.where[0] == min(factors, key=factors.__getitem__)
    product = 1.0
    for factor in factors.values():
        product *= factor
    assert product == pytest.approx(total, rel=1e-4)
    assert total < 0.01
