from __future__ import annotations

import numpy as np

import nnscratch as nn
from tests.doctor.nets import (
    CLASSES,
    HIDDEN,
    IMAGES,
    NUMBERS,
    SPARSE,
    Program,
    X,
    complaints,
    first,
    programs,
    programs_by_cause,
)
from tests.doctor.optimizers import ASCENT

FAULTY = {
    "numbers": Program((HIDDEN, nn.Dense(1)), "mse", NUMBERS, optimizer=nn.SGD(20.0)),
    "a linear model": Program((nn.Dense(1),), "mse", NUMBERS, optimizer=nn.SGD(2.0)),
    "classes, Adam": Program(
        (nn.Dense(32, "relu"), nn.Dense(32, "relu"), nn.Dense(3, "softmax")),
        SPARSE(),
        np.digitize(X[:, 0] * X[:, 1], [-0.3, 0.3]),
        optimizer=nn.Adam(3.0),
    ),
    "images, momentum": Program(
        (nn.Conv2D(4, 3, activation="relu"), nn.Flatten(), nn.Dense(1)),
        "mse",
        NUMBERS,
        IMAGES,
        nn.SGD(0.3, momentum=0.9),
        epochs=10,
    ),
}
HEALTHY = {
    "numbers": Program((HIDDEN, nn.Dense(1)), "mse", NUMBERS, optimizer=nn.SGD(0.1)),
    "classes, Adam": Program((nn.Dense(32, "relu"), nn.Dense(3, "softmax")), SPARSE(), CLASSES),
    "long steps that are learned from": Program(
        (nn.Dense(3, "softmax"),), SPARSE(), CLASSES, optimizer=nn.SGD(5.0)
    ),
}
OTHERS = {
    "wrong_gradient": Program((HIDDEN, nn.Dense(1)), "mse", NUMBERS, optimizer=ASCENT),
    "unscaled_input": Program((nn.Dense(1),), "mse", NUMBERS, 255 * X, nn.SGD(0.1)),
    "loss_formula_bug": Program(
        (HIDDEN, nn.Dense(1)),
        nn.losses.MeanSquaredError(reduction="sum"),
        NUMBERS,
        optimizer=nn.SGD(0.5),
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "lr_too_high"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_a_loss_that_runs_away_are_named(cause, program):
    assert first(program) == cause
