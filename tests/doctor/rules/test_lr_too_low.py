from __future__ import annotations

import nnscratch as nn
from tests.doctor.nets import (
    BINARY,
    CLASSES,
    HIDDEN,
    IMAGES,
    NUMBERS,
    SPARSE,
    TEN,
    YES,
    Program,
    complaints,
    first,
    programs,
    programs_by_cause,
    stack,
)

FAULTY = {
    "numbers": Program((HIDDEN, nn.Dense(1)), "mse", NUMBERS, optimizer=nn.SGD(1e-6)),
    "classes, Adam": Program(
        (HIDDEN, nn.Dense(3, "softmax")), SPARSE(), CLASSES, optimizer=nn.Adam(1e-6)
    ),
    "yes or no, deep": Program(
        (*stack(3, 16, "relu"), nn.Dense(1, "sigmoid")), BINARY(), YES, optimizer=nn.RMSprop(1e-6)
    ),
    "images": Program(
        (nn.Conv2D(4, 3, activation="relu"), nn.Flatten(), nn.Dense(10, "softmax")),
        SPARSE(),
        TEN,
        IMAGES,
        nn.SGD(1e-5),
        epochs=10,
    ),
}
HEALTHY = {
    "numbers": Program((HIDDEN, nn.Dense(1)), "mse", NUMBERS, optimizer=nn.SGD(0.1)),
    "classes, Adam": Program((HIDDEN, nn.Dense(3, "softmax")), SPARSE(), CLASSES),
    "yes or no, deep": Program((*stack(3, 16, "relu"), nn.Dense(1, "sigmoid")), BINARY(), YES),
}
OTHERS = {
    "too_few_updates": Program(
        (HIDDEN, nn.Dense(3, "softmax")), SPARSE(), CLASSES, optimizer=nn.Adam(0.002), epochs=1
    ),
    "single_unit_softmax": Program((HIDDEN, nn.Dense(1, "softmax")), BINARY(), YES),
    "vanishing_gradient": Program(
        (*stack(8, 8, "sigmoid"), nn.Dense(1, "sigmoid")), BINARY(), YES, optimizer=nn.SGD(0.1)
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "lr_too_low"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_a_loss_that_hardly_moves_are_named(cause, program):
    assert first(program) == cause
