from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from tests.doctor.nets import (
    BINARY,
    CLASSES,
    HIDDEN,
    SPARSE,
    YES,
    Program,
    complaints,
    first,
    programs,
    programs_by_cause,
)

CERTAIN = nn.initializers.Constant(40.0)
FAR = nn.initializers.RandomUniform(-200, 200)


def clipped(epsilon: float) -> Program:
    """Every first answer is certain."""
    output = nn.Dense(3, "softmax", bias_initializer=FAR)
    return Program((HIDDEN, output), SPARSE(epsilon=epsilon), CLASSES, epochs=5)


FAULTY = {
    "softmax": clipped(1e-2),
    "sigmoid": Program(
        (HIDDEN, nn.Dense(1, "sigmoid", bias_initializer=CERTAIN)), BINARY(), YES, epochs=5
    ),
}
HEALTHY = {
    "softmax": Program((HIDDEN, nn.Dense(3, "softmax")), SPARSE(), CLASSES),
    "sigmoid": Program((HIDDEN, nn.Dense(1, "sigmoid")), BINARY(), YES),
    "certain logits": Program(
        (HIDDEN, nn.Dense(1, bias_initializer=CERTAIN)),
        BINARY(from_logits=True),
        YES,
        optimizer=nn.Adam(0.3),
    ),
}
OTHERS = {
    "lr_too_high": Program(
        (HIDDEN, nn.Dense(3, "softmax")), SPARSE(), CLASSES, optimizer=nn.SGD(100), epochs=10
    ),
    "vanishing_gradient": Program(
        (*(nn.Dense(8, "sigmoid") for _ in range(6)), nn.Dense(3, "softmax")),
        SPARSE(),
        CLASSES,
        optimizer=nn.SGD(0.1),
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "saturated_softmax_clip"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_a_loss_that_stands_still_are_named(cause, program):
    assert first(program) == cause


@pytest.mark.parametrize("epsilon", [1e-3, 1e-2])
def test_the_certificate_is_the_share_times_the_clip_of_this_loss(epsilon):
    found = clipped(epsilon).diagnosis()
    numbers = found.findings[0].evidence[0].numbers
    assert numbers["floor"] == pytest.approx(-np.log(epsilon))
    assert numbers["share"] == pytest.approx(1 - found.outcome.reached[0].score)
    assert numbers["share"] * numbers["floor"] == pytest.approx(numbers["loss"], rel=0.02)
