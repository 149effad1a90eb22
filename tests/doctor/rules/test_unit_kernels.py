from __future__ import annotations

import numpy as np

import nnscratch as nn
from tests.doctor.nets import (
    BINARY,
    CROSS,
    IMAGES,
    NUMBERS,
    PLANE,
    YES,
    Program,
    complaints,
    first,
    programs,
    programs_by_cause,
)

THREES = nn.initializers.Constant(3.0)
BRIGHT = (IMAGES.mean(axis=(1, 2, 3)) > 0).astype(np.float32)

FAULTY = {
    "ones": Program(
        (
            nn.Dense(16, "relu", kernel_initializer="ones"),
            nn.Dense(16, "relu", kernel_initializer="ones"),
            nn.Dense(1, "sigmoid"),
        ),
        BINARY(),
        CROSS,
        PLANE,
    ),
    "filters of ones": Program(
        (
            nn.Conv2D(4, 3, activation="sigmoid", kernel_initializer="ones"),
            nn.Flatten(),
            nn.Dense(8, "sigmoid", kernel_initializer="ones"),
            nn.Dense(1, "sigmoid", kernel_initializer="ones"),
        ),
        BINARY(),
        BRIGHT,
        IMAGES,
        epochs=5,
    ),
    "a large constant": Program(
        (
            nn.Dense(64, "tanh", kernel_initializer=THREES),
            nn.Dense(64, "tanh", kernel_initializer=THREES),
            nn.Dense(1, kernel_initializer=THREES),
        ),
        "mse",
        NUMBERS,
        epochs=10,
    ),
}
HEALTHY = {
    "random": Program((nn.Dense(16, "relu"), nn.Dense(1, "sigmoid")), BINARY(), CROSS, PLANE),
    "a unit matrix": Program(
        (nn.Dense(4, "tanh", kernel_initializer="identity"), nn.Dense(1, "sigmoid")),
        BINARY(),
        YES,
    ),
    "ones in the only layer": Program(
        (nn.Dense(1, "sigmoid", kernel_initializer="ones"),), BINARY(), YES
    ),
}
OTHERS = {
    "zero_or_constant_init": Program(
        (
            nn.Dense(8, "tanh", kernel_initializer=nn.initializers.Constant(0.1)),
            nn.Dense(1, "sigmoid", kernel_initializer="ones"),
        ),
        BINARY(),
        CROSS,
        PLANE,
    ),
    "weights_too_large": Program(
        (
            nn.Dense(32, "relu", kernel_initializer=nn.initializers.RandomNormal(stddev=3)),
            nn.Dense(32, "relu", kernel_initializer=nn.initializers.RandomNormal(stddev=3)),
            nn.Dense(1),
        ),
        "mse",
        NUMBERS,
        optimizer=nn.Adam(0.001),
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "unit_kernels"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_a_bad_beginning_are_named(cause, program):
    assert first(program) == cause
