from __future__ import annotations

import numpy as np

import nnscratch as nn
from tests.doctor.nets import (
    BINARY,
    HIDDEN,
    NUMBERS,
    PIXELS,
    SHARES,
    YES,
    Program,
    complaints,
    first,
    programs,
    programs_by_cause,
)

SIGNS = 2 * YES - 1
AUTOENCODER = (
    nn.Flatten(),
    nn.Dense(8, "tanh"),
    nn.Dense(36, "sigmoid"),
    nn.Reshape((6, 6, 1)),
)

FAULTY = {
    "sigmoid, large": Program((HIDDEN, nn.Dense(1, "sigmoid")), "mse", 50 * NUMBERS),
    "sigmoid, of -1 and 1": Program((HIDDEN, nn.Dense(1, "sigmoid")), "mse", SIGNS),
    "relu, negative": Program((HIDDEN, nn.Dense(1, "relu")), "mse", NUMBERS),
    "softplus, negative": Program(
        (HIDDEN, nn.Dense(1, "softplus")), "mse", NUMBERS, optimizer=nn.SGD(0.05)
    ),
    "tanh, absolute error": Program((HIDDEN, nn.Dense(1, "tanh")), "mae", 5 * NUMBERS),
    "one of two numbers": Program(
        (HIDDEN, nn.Dense(2, "sigmoid")), "mse", np.hstack([SHARES, 9 * SHARES])
    ),
    "pixels to 255": Program(AUTOENCODER, "mse", 255 * PIXELS, PIXELS, epochs=10),
}
HEALTHY = {
    "linear": Program((HIDDEN, nn.Dense(1)), "mse", 5 * NUMBERS),
    "sigmoid, of 0 to 1": Program((HIDDEN, nn.Dense(1, "sigmoid")), "mse", SHARES),
    "tanh, of -1 and 1": Program((HIDDEN, nn.Dense(1, "tanh")), "mse", SIGNS),
    "relu, positive": Program((HIDDEN, nn.Dense(1, "relu")), "mse", NUMBERS - NUMBERS.min()),
    "relu, 3 rows in 200 negative": Program(
        (HIDDEN, nn.Dense(1, "relu")), "mse", NUMBERS - np.sort(NUMBERS, axis=0)[3]
    ),
    "pixels to 1": Program(AUTOENCODER, "mse", PIXELS, PIXELS, optimizer=nn.Adam(0.02)),
}
OTHERS = {
    "single_unit_softmax": Program((HIDDEN, nn.Dense(1, "softmax")), "mse", 5 * NUMBERS),
    "wrong_output_units": Program((HIDDEN, nn.Dense(1, "sigmoid")), BINARY(), np.round(4 * SHARES)),
    "unscaled_target": Program((HIDDEN, nn.Dense(1)), "mse", 1e4 + 5e3 * NUMBERS),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "output_range_mismatch"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_targets_that_are_never_met_are_named(cause, program):
    assert first(program) == cause


def test_is_no_more_than_possible_where_little_is_lost_and_much_learned():
    y = NUMBERS - np.sort(NUMBERS, axis=0)[10]  # 10 rows in 200 are out of reach, just
    program = Program((HIDDEN, nn.Dense(1, "relu")), "mse", y)
    assert complaints(program) == ["output_range_mismatch"]
    assert first(program) is None


def test_what_always_puts_out_the_same_has_no_range():
    program = Program((HIDDEN, nn.Dense(1, "softmax")), "mse", 5 * NUMBERS)
    assert complaints(program) == ["single_unit_softmax", "has not learned"]
