from __future__ import annotations

import nnscratch as nn
from tests.doctor.nets import (
    BINARY,
    CLASSES,
    IMAGES,
    NUMBERS,
    SPARSE,
    YES,
    Program,
    X,
    complaints,
    first,
    programs,
    programs_by_cause,
)


def normalised(momentum: float, *last: object) -> tuple[nn.Layer, ...]:
    """A network whose moving averages forget as slowly as that."""
    return (
        nn.Dense(16, "relu"),
        nn.BatchNormalization(momentum=momentum),
        nn.Dense(*last),
    )


def block() -> tuple[nn.Layer, ...]:
    """Layers that move the moments of all behind them with every step."""
    return nn.Dense(16), nn.BatchNormalization(momentum=0.9), nn.Activation("sigmoid")


FAR = 4 * X + 6
"""Its moments are far from 0 and 1, where moving averages begin."""

FAULTY = {
    "20 steps of 0.99, yes or no": Program(
        normalised(0.99, 1, "sigmoid"), BINARY(), YES, FAR, nn.Adam(0.02), epochs=2
    ),
    "100 steps of 0.999, classes": Program(
        normalised(0.999, 3, "softmax"), SPARSE(), CLASSES, FAR, epochs=10
    ),
    "20 steps of 0.99, images": Program(
        (
            nn.Conv2D(4, 3, use_bias=False),
            nn.BatchNormalization(),
            nn.ReLU(),
            nn.Flatten(),
            nn.Dense(1),
        ),
        "mse",
        NUMBERS,
        4 * IMAGES + 6,
        nn.Adam(0.02),
        epochs=4,
    ),
    "batches of one row": Program(
        normalised(0.9, 3, "softmax"), SPARSE(), CLASSES, X, epochs=4, batch_size=1
    ),
}
HEALTHY = {
    "400 steps of 0.9": Program(normalised(0.9, 1, "sigmoid"), BINARY(), YES, FAR),
    "600 steps of 0.99": Program(normalised(0.99, 3, "softmax"), SPARSE(), CLASSES, FAR, epochs=60),
    "images, one by one": Program(
        (nn.Conv2D(8, 2), nn.BatchNormalization(), nn.ReLU(), nn.Flatten(), nn.Dense(1)),
        "mse",
        NUMBERS,
        IMAGES,
        nn.SGD(0.005),
        epochs=4,
        batch_size=1,
    ),
    "400 steps of 0.9, four of them": Program(
        (*(layer for _ in range(4) for layer in block()), nn.Dense(1, "sigmoid")),
        BINARY(),
        YES,
    ),
    "none": Program((nn.Dense(16, "relu"), nn.Dense(1, "sigmoid")), BINARY(), YES, X),
}
OTHERS = {
    "lr_too_low": Program(normalised(0.9, 1), "mse", NUMBERS, X, nn.SGD(1e-6)),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "batchnorm_statistics"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_answers_that_are_wrong_in_inference_are_named(cause, program):
    assert first(program) == cause
