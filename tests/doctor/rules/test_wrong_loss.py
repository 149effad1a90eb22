from __future__ import annotations

import numpy as np

import nnscratch as nn
from tests.doctor.losses import CROSSED
from tests.doctor.nets import (
    CATEGORICAL,
    CLASSES,
    HIDDEN,
    NUMBERS,
    ONE_HOT,
    PLANE,
    SPARSE,
    TEN,
    YES,
    Program,
    complaints,
    first,
    programs,
    programs_by_cause,
)

TEN_HOT = np.eye(10)[TEN]

FAULTY = {
    "squared error of ten classes": Program(
        (HIDDEN, nn.Dense(10, "softmax")), "mse", TEN_HOT, PLANE, nn.SGD(0.1)
    ),
    "absolute error of ten classes": Program(
        (HIDDEN, nn.Dense(10, "softmax")), "mae", TEN_HOT, PLANE, nn.Adam(0.005)
    ),
    "absolute error of ten sigmoids": Program(
        (HIDDEN, nn.Dense(10, "sigmoid")), "mae", TEN_HOT, PLANE
    ),
    "class numbers for one-hot rows": Program(
        (HIDDEN, nn.Dense(3)), CATEGORICAL(from_logits=True), np.tile(CLASSES[:, None], 3)
    ),
    "a categorical loss of one unit": Program(
        (HIDDEN, nn.Dense(1, "sigmoid")), CATEGORICAL(), YES, optimizer=nn.SGD(0.1)
    ),
}
HEALTHY = {
    "cross-entropy of ten classes": Program(
        (HIDDEN, nn.Dense(10, "softmax")), CATEGORICAL(), TEN_HOT, PLANE
    ),
    "squared error of three sigmoids": Program((HIDDEN, nn.Dense(3, "sigmoid")), "mse", ONE_HOT),
    "class numbers": Program((HIDDEN, nn.Dense(3)), SPARSE(from_logits=True), CLASSES),
    "squared error of yes or no": Program((HIDDEN, nn.Dense(1, "sigmoid")), "mse", YES),
    "squared error of numbers": Program((HIDDEN, nn.Dense(1)), "mse", NUMBERS),
}
OTHERS = {
    "loss_formula_bug": Program((HIDDEN, nn.Dense(1)), CROSSED, NUMBERS),
    "wrong_output_activation": Program(
        (HIDDEN, nn.Dense(10, "sigmoid")), SPARSE(), TEN, PLANE, nn.SGD(0.1)
    ),
    "no_signal": Program(
        (HIDDEN, nn.Dense(3, "softmax")), SPARSE(), np.random.default_rng(1).permutation(CLASSES)
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "wrong_loss"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_a_loss_that_teaches_little_are_named(cause, program):
    assert first(program) == cause


def test_a_distance_that_did_as_well_as_the_nearest_rows_is_no_more_than_possible():
    program = Program((HIDDEN, nn.Dense(3, "softmax")), "mse", ONE_HOT)
    assert complaints(program) == ["wrong_loss"]
    assert first(program) is None
