from __future__ import annotations

import numpy as np

import nnscratch as nn
from tests.doctor.nets import (
    BINARY,
    CLASSES,
    HIDDEN,
    NUMBERS,
    PIXELS,
    SPARSE,
    YES,
    Program,
    X,
    complaints,
    first,
    programs,
    programs_by_cause,
)

UNEVEN = np.array([1e5, 1, 1, 1], np.float32)
"""Makes one column much larger than the others, of which one tells the class."""
LOUD = nn.initializers.RandomNormal(stddev=50)
JUST = 9 / np.sqrt(np.mean(np.square(X)))
"""Makes the inputs as large as the rule still lets pass."""

FAULTY = {
    "bytes, numbers": Program((nn.Dense(1),), "mse", NUMBERS, 128 + 60 * X, nn.SGD(0.1)),
    "bytes, images": Program(
        (nn.Conv2D(4, 3, activation="relu"), nn.Flatten(), nn.Dense(3, "softmax")),
        SPARSE(),
        CLASSES,
        np.round(255 * PIXELS),
        nn.SGD(0.1),
        epochs=10,
    ),
    "large, yes or no": Program(
        (HIDDEN, nn.Dense(1, "sigmoid")), BINARY(), YES, 1e4 * X + 3e4, nn.SGD(0.1)
    ),
    "one column large": Program(
        (HIDDEN, nn.Dense(3, "softmax")),
        SPARSE(),
        CLASSES,
        UNEVEN * X,
        nn.SGD(0.1),
    ),
    "small": Program((HIDDEN, nn.Dense(1)), "mse", NUMBERS, 1e-3 * X, nn.SGD(0.1)),
}
HEALTHY = {
    "scaled": Program((HIDDEN, nn.Dense(1)), "mse", NUMBERS, X, nn.SGD(0.1)),
    "normalised first": Program(
        (nn.BatchNormalization(momentum=0.9), HIDDEN, nn.Dense(1)), "mse", NUMBERS, 255 * X
    ),
    "just small enough": Program((nn.Dense(1, "sigmoid"),), BINARY(), YES, JUST * X),
    "pixels to 1": Program(
        (nn.Conv2D(4, 3, activation="relu"), nn.Flatten(), nn.Dense(3, "softmax")),
        SPARSE(),
        CLASSES,
        PIXELS,
    ),
}
OTHERS = {
    "lr_too_high": Program((HIDDEN, nn.Dense(1)), "mse", NUMBERS, optimizer=nn.SGD(20.0)),
    "weights_too_large": Program(
        (
            nn.Dense(8, "tanh", kernel_initializer=LOUD),
            nn.Dense(1, kernel_initializer=LOUD),
        ),
        "mse",
        NUMBERS,
        optimizer=nn.Adam(0.001),
    ),
    "lr_too_low": Program((HIDDEN, nn.Dense(1)), "mse", NUMBERS, optimizer=nn.SGD(1e-6)),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "unscaled_input"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_a_training_that_does_not_get_going_are_named(cause, program):
    assert first(program) == cause


def test_is_no_more_than_possible_where_it_was_learned_all_the_same():
    program = Program((nn.Dense(1, "sigmoid"),), BINARY(), YES, 20 * X)
    assert complaints(program) == ["unscaled_input"]
    assert first(program) is None
