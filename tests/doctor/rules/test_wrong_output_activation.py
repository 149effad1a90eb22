from __future__ import annotations

import numpy as np

import nnscratch as nn
from tests.doctor.losses import POISSON
from tests.doctor.nets import (
    BINARY,
    CATEGORICAL,
    CLASSES,
    HIDDEN,
    LABELS,
    ONE_HOT,
    PIXELS,
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

UNLABELLED = ONE_HOT * (np.arange(200) >= 3)[:, None]
"""Three rows in 200 are of no class."""
COUNTS = np.round(np.exp(YES))


def autoencoder(activation: str) -> tuple[nn.Layer, ...]:
    return (nn.Flatten(), HIDDEN, nn.Dense(36, activation), nn.Reshape((6, 6, 1)))


FAULTY = {
    "relu, yes or no": Program((HIDDEN, nn.Dense(1, "relu")), BINARY(), YES),
    "relu, classes": Program((HIDDEN, nn.Dense(3, "relu")), CATEGORICAL(), ONE_HOT),
    "tanh, yes or no": Program((HIDDEN, nn.Dense(1, "tanh")), BINARY(), YES),
    "elu, ten classes": Program((nn.Dense(10, "elu"),), SPARSE(), TEN, optimizer=nn.SGD(0.1)),
    "tanh, pixels": Program(autoencoder("tanh"), BINARY(), PIXELS, PIXELS, epochs=5),
    "softmax, several labels": Program((HIDDEN, nn.Dense(3, "softmax")), "mse", LABELS),
    "softmax, several labels, cross-entropy": Program(
        (HIDDEN, nn.Dense(3, "softmax")), BINARY(), LABELS, optimizer=nn.SGD(0.5)
    ),
    "sigmoid, ten classes": Program(
        (HIDDEN, nn.Dense(10, "sigmoid")), SPARSE(), TEN, PLANE, nn.SGD(0.1)
    ),
}
HEALTHY = {
    "sigmoid, yes or no": Program((HIDDEN, nn.Dense(1, "sigmoid")), BINARY(), YES),
    "softmax, classes": Program((HIDDEN, nn.Dense(3, "softmax")), CATEGORICAL(), ONE_HOT),
    "sigmoid, pixels": Program(autoencoder("sigmoid"), BINARY(), PIXELS, PIXELS),
    "sigmoid, several labels": Program((HIDDEN, nn.Dense(3, "sigmoid")), BINARY(), LABELS),
    "softmax, a few rows without label": Program(
        (HIDDEN, nn.Dense(3, "softmax")), CATEGORICAL(), UNLABELLED
    ),
    "softplus, counts": Program((HIDDEN, nn.Dense(1, "softplus")), POISSON, COUNTS),
    "tanh, squared error": Program((HIDDEN, nn.Dense(1, "tanh")), "mse", YES),
}
OTHERS = {
    "double_softmax_or_logits_as_probabilities": Program((nn.Dense(1),), BINARY(), YES),
    "wrong_loss": Program(
        (HIDDEN, nn.Dense(10, "softmax")), "mse", np.eye(10)[TEN], PLANE, nn.SGD(0.1)
    ),
    "output_range_mismatch": Program((HIDDEN, nn.Dense(1, "sigmoid")), BINARY(), 2 * YES - 1),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "wrong_output_activation"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_outputs_that_do_not_suit_the_loss_are_named(cause, program):
    assert first(program) == cause


def test_sigmoids_of_classes_that_do_as_well_as_the_nearest_rows_are_no_more_than_possible():
    program = Program((HIDDEN, nn.Dense(3, "sigmoid")), SPARSE(), CLASSES)
    assert complaints(program) == ["wrong_output_activation"]
    assert first(program) is None
