from __future__ import annotations

import numpy as np

import nnscratch as nn
from tests.doctor.nets import (
    BINARY,
    CATEGORICAL,
    CLASSES,
    HIDDEN,
    LABELS,
    NUMBERS,
    ONE_HOT,
    PLANE,
    SHARES,
    SPARSE,
    TEN,
    YES,
    Program,
    X,
    complaints,
    first,
    programs,
    programs_by_cause,
)

TEN_HOT = np.eye(10, dtype=np.float32)[TEN]
SEVERAL = (HIDDEN, nn.Dense(10, "softmax"))

FAULTY = {
    "accuracy of numbers": Program((HIDDEN, nn.Dense(1)), "mse", NUMBERS, metrics=["accuracy"]),
    "each of ten zeros and ones": Program(
        SEVERAL, CATEGORICAL(), TEN_HOT, PLANE, epochs=12, metrics=["binary_accuracy"]
    ),
}
HEALTHY = {
    "error of numbers": Program(
        (HIDDEN, nn.Dense(1)), "mse", NUMBERS, metrics=["mse", "mae", "r2_score"]
    ),
    "error of shares": Program((HIDDEN, nn.Dense(1, "sigmoid")), "mse", SHARES, metrics=["mae"]),
    "class numbers": Program(
        (HIDDEN, nn.Dense(3, "softmax")), SPARSE(), CLASSES, metrics=["accuracy"]
    ),
    "one-hot": Program(
        (HIDDEN, nn.Dense(3, "softmax")), CATEGORICAL(), ONE_HOT, metrics=["accuracy"]
    ),
    "yes or no": Program((HIDDEN, nn.Dense(1, "sigmoid")), BINARY(), YES, metrics=["accuracy"]),
    "logits": Program(
        (HIDDEN, nn.Dense(1)),
        BINARY(from_logits=True),
        YES,
        metrics=[nn.metrics.BinaryAccuracy(threshold=0.0)],
    ),
    "labels": Program(
        (HIDDEN, nn.Dense(3, "sigmoid")), BINARY(), LABELS, metrics=["binary_accuracy"]
    ),
}
OTHERS = {
    "lr_too_low": Program(
        SEVERAL, SPARSE(), TEN, PLANE, nn.SGD(1e-4), epochs=5, metrics=["accuracy"]
    ),
    "class_imbalance": Program(
        (HIDDEN, nn.Dense(1, "sigmoid")),
        BINARY(),
        (X[:, 0] + np.random.default_rng(1).standard_normal(200) > 2.2).astype(np.float32),
        epochs=20,
        metrics=["accuracy"],
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "misleading_metric"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_a_score_that_is_not_believed_are_named(cause, program):
    assert first(program) == cause
