from __future__ import annotations

import nnscratch as nn
from tests.doctor.losses import HINGE, LOG
from tests.doctor.nets import (
    BINARY,
    CATEGORICAL,
    CLASSES,
    HIDDEN,
    IMAGES,
    LABELS,
    ONE_HOT,
    SPARSE,
    TEN,
    YES,
    Program,
    complaints,
    first,
    programs,
    programs_by_cause,
)

SMOOTHED = 0.9 * ONE_HOT + 0.1 / 3

FAULTY = {
    "no sigmoid": Program((HIDDEN, nn.Dense(1)), BINARY(), YES),
    "no softmax": Program((HIDDEN, nn.Dense(3)), SPARSE(), CLASSES),
    "no softmax, ten classes": Program((nn.Dense(10),), SPARSE(), TEN, optimizer=nn.SGD(0.1)),
    "no softmax, a loss without a clip": Program((HIDDEN, nn.Dense(3)), LOG, ONE_HOT, epochs=2),
    "no sigmoid, several labels": Program((HIDDEN, nn.Dense(3)), BINARY(), LABELS),
    "no sigmoid, behind pooling": Program(
        (nn.Conv2D(1, 3), nn.GlobalAveragePooling2D()), BINARY(), YES, IMAGES, epochs=5
    ),
    "twice": Program((HIDDEN, nn.Dense(3, "softmax")), SPARSE(from_logits=True), CLASSES),
    "twice, one-hot": Program(
        (HIDDEN, nn.Dense(3, "softmax")), CATEGORICAL(from_logits=True), ONE_HOT
    ),
    "twice, smoothed labels": Program(
        (HIDDEN, nn.Dense(3, "softmax")), CATEGORICAL(from_logits=True), SMOOTHED
    ),
    "twice, ten classes": Program(
        (nn.Dense(10), nn.Softmax()), SPARSE(from_logits=True), TEN, optimizer=nn.SGD(1.0)
    ),
    "twice in the network": Program(
        (nn.Dense(10, "softmax"), nn.Softmax()), SPARSE(), TEN, optimizer=nn.SGD(0.1)
    ),
}
HEALTHY = {
    "sigmoid in the loss": Program((HIDDEN, nn.Dense(1)), BINARY(from_logits=True), YES),
    "softmax in the loss": Program((HIDDEN, nn.Dense(3)), SPARSE(from_logits=True), CLASSES),
    "softmax in the network": Program((HIDDEN, nn.Dense(3, "softmax")), SPARSE(), CLASSES),
    "smoothed labels": Program((HIDDEN, nn.Dense(3, "softmax")), CATEGORICAL(), SMOOTHED),
    "several labels": Program((HIDDEN, nn.Dense(3)), BINARY(from_logits=True), LABELS),
    "a margin": Program((HIDDEN, nn.Dense(1)), HINGE, 2 * YES - 1),
}
OTHERS = {
    "wrong_output_activation": Program((HIDDEN, nn.Dense(1, "relu")), BINARY(), YES),
    "single_unit_softmax": Program((HIDDEN, nn.Dense(1)), CATEGORICAL(from_logits=True), YES),
    "lr_too_low": Program(
        (HIDDEN, nn.Dense(3)), SPARSE(from_logits=True), CLASSES, optimizer=nn.SGD(1e-5)
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "double_softmax_or_logits_as_probabilities"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_a_cross_entropy_that_hardly_falls_are_named(cause, program):
    assert first(program) == cause
