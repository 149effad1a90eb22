from __future__ import annotations

import numpy as np

import nnscratch as nn
from tests.doctor.nets import (
    BINARY,
    CLASSES,
    HIDDEN,
    NUMBERS,
    SPARSE,
    YES,
    Program,
    X,
    complaints,
    first,
    programs,
    programs_by_cause,
    stack,
)

FAULTY = {
    "classes": Program(
        (HIDDEN, nn.Dense(3, "softmax")), SPARSE(), CLASSES, optimizer=nn.Adam(0.002), epochs=1
    ),
    "numbers, whole epochs as batches": Program(
        (HIDDEN, nn.Dense(1)), "mse", NUMBERS, optimizer=nn.SGD(0.01), epochs=10, batch_size=200
    ),
    "yes or no, deep": Program(
        (*stack(3, 16, "relu"), nn.Dense(1, "sigmoid")),
        BINARY(),
        np.float32(X[:, 0] * X[:, 1] > 0),
        optimizer=nn.Adam(0.001),
        epochs=2,
    ),
}
HEALTHY = {
    "classes": Program((HIDDEN, nn.Dense(3, "softmax")), SPARSE(), CLASSES),
    "numbers, whole epochs as batches": Program(
        (HIDDEN, nn.Dense(1)), "mse", NUMBERS, optimizer=nn.SGD(0.3), epochs=150, batch_size=200
    ),
    "few, and enough": Program(
        (nn.Dense(1, "sigmoid"),), BINARY(), YES, optimizer=nn.Adam(0.1), epochs=2
    ),
}
OTHERS = {
    "lr_too_low": Program(
        (HIDDEN, nn.Dense(3, "softmax")), SPARSE(), CLASSES, optimizer=nn.SGD(1e-5)
    ),
    "output_range_mismatch": Program(
        (HIDDEN, nn.Dense(1, "sigmoid")), "mse", 50 * NUMBERS, epochs=1
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "too_few_updates"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_a_loss_that_has_hardly_moved_are_named(cause, program):
    assert first(program) == cause
