from __future__ import annotations

import numpy as np

import nnscratch as nn
from tests.doctor.nets import (
    BINARY,
    CLASSES,
    HIDDEN,
    SPARSE,
    Program,
    X,
    complaints,
    first,
    programs,
    programs_by_cause,
)

RNG = np.random.default_rng(2)
MANY = RNG.standard_normal((400, 4)).astype(np.float32)
BLURRED = MANY[:, 0] + RNG.standard_normal(400)
OUTPUT = nn.Dense(1, "sigmoid")
FEW_OF_TWO = np.where(np.arange(200) % 4 == 0, CLASSES, np.minimum(CLASSES, 1))
FEW_OF_TWO[np.flatnonzero(FEW_OF_TWO == 2)[4:]] = 1


def yes_above(limit: float, x: np.ndarray = BLURRED, **options: object) -> Program:
    """Yes where a number is above the limit, which the inputs tell more or less."""
    return Program(
        (HIDDEN, OUTPUT), BINARY(), (x > limit).astype(np.float32), MANY, **{"epochs": 15} | options
    )


FAULTY = {
    "one in twenty": yes_above(2.2),
    "four rows of a third class": Program(
        (HIDDEN, nn.Dense(3, "softmax")), SPARSE(), FEW_OF_TWO, X, epochs=15
    ),
    "one in ten, of which some are found": yes_above(1.8),
}
HEALTHY = {
    "one in twenty, clearly": yes_above(1.6, MANY[:, 0], epochs=60),
    "one in two": yes_above(0.0),
}
OTHERS = {
    "lr_too_low": yes_above(0.8, optimizer=nn.SGD(1e-4)),
    "no_signal": yes_above(0.0, np.random.default_rng(3).standard_normal(400)),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "class_imbalance"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_a_class_that_is_never_answered_are_named(cause, program):
    assert first(program) == cause
