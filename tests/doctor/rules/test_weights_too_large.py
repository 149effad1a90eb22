from __future__ import annotations

import numpy as np

import nnscratch as nn
from tests.doctor.nets import (
    BINARY,
    CROSS,
    NUMBERS,
    PLANE,
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

LARGE = nn.initializers.RandomNormal(stddev=3)
SHIFTED = nn.initializers.RandomUniform(minval=0.5, maxval=1.5)
AWAY = nn.initializers.Constant(12)

DRAWN = np.random.default_rng(0)
OF_CLOUD = DRAWN.integers(5, size=400)
CLOUDS = DRAWN.standard_normal((5, 20))[OF_CLOUD] + 0.9 * DRAWN.standard_normal((400, 20))
"""Rows around five places, of which neighbours know nearly everything."""


def cloudy(*layers: nn.Layer) -> Program:
    """A quarter of the rows is held out."""
    x = CLOUDS.astype(np.float32)
    sgd = nn.SGD(0.05)
    return Program(layers, SPARSE(), OF_CLOUD, x, sgd, epochs=25, validation_split=0.25)


ONE = nn.initializers.RandomNormal(stddev=1)

FAULTY = {
    "flat tanh, learned by heart": cloudy(
        *stack(3, 100, "tanh", kernel_initializer=ONE),
        nn.Dense(5, "softmax", kernel_initializer=ONE),
    ),
    "ReLU": Program(
        (
            nn.Dense(32, "relu", kernel_initializer=LARGE),
            nn.Dense(32, "relu", kernel_initializer=LARGE),
            nn.Dense(1),
        ),
        "mse",
        NUMBERS,
        optimizer=nn.Adam(0.001),
    ),
    "flat tanh, quiet logits": Program(
        (
            nn.Dense(64, "tanh", kernel_initializer=LARGE),
            nn.Dense(64, "tanh", kernel_initializer=LARGE),
            nn.Dense(64, "tanh", kernel_initializer=LARGE),
            nn.Dense(1, "sigmoid"),
        ),
        BINARY(),
        CROSS,
        optimizer=nn.SGD(0.003),
    ),
    "weights with a mean add up": Program(
        (
            nn.Dense(32, "relu", kernel_initializer=SHIFTED),
            nn.Dense(32, "relu", kernel_initializer=SHIFTED),
            nn.Dense(1),
        ),
        "mse",
        NUMBERS,
        optimizer=nn.Adam(0.001),
        epochs=10,
    ),
}
HEALTHY = {
    "three layers of tanh": cloudy(*stack(3, 100, "tanh"), nn.Dense(5, "softmax")),
    "flat tanh, and good at other rows": cloudy(
        nn.Dense(100, "tanh", kernel_initializer=ONE), nn.Dense(5, "softmax")
    ),
    "he_normal, eight layers": Program(
        (
            *(nn.Dense(32, "relu", kernel_initializer="he_normal") for _ in range(8)),
            nn.Dense(1, "sigmoid"),
        ),
        BINARY(),
        YES,
        optimizer=nn.Adam(0.002),
    ),
    "large weights behind a normalisation": Program(
        (
            nn.Dense(16, kernel_initializer=LARGE),
            nn.BatchNormalization(momentum=0.9),
            nn.Activation("relu"),
            nn.Dense(1, "sigmoid"),
        ),
        BINARY(),
        YES,
    ),
}
OTHERS = {
    "unscaled_input": Program(
        (nn.Dense(16, "tanh"), nn.Dense(16, "tanh"), nn.Dense(1, "sigmoid")),
        BINARY(),
        CROSS,
        (X * 1000).astype(np.float32),
        optimizer=nn.SGD(0.003),
    ),
    "saturated_activation": Program(
        (nn.Dense(16, "sigmoid", bias_initializer=AWAY), nn.Dense(1, "sigmoid")),
        BINARY(),
        CROSS,
        PLANE,
        optimizer=nn.SGD(0.1),
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "weights_too_large"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_large_numbers_are_named(cause, program):
    assert first(program) == cause
