"""Rules about outputs and losses: the fault, its nearest healthy program, and its likes."""

from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from tests.doctor.nets import (
    CLASSES,
    LABELS,
    NUMBERS,
    ONE_HOT,
    YES,
    causes,
    diagnosis,
    net,
)

BINARY, CATEGORICAL = nn.losses.BinaryCrossentropy, nn.losses.CategoricalCrossentropy
SPARSE = nn.losses.SparseCategoricalCrossentropy


FAULTY = {
    "single_unit_softmax": [
        (nn.Dense(1, "softmax"), BINARY(), YES),
        (nn.Dense(1, "softmax"), CATEGORICAL(), YES),
    ],
    "wrong_output_units": [
        (nn.Dense(1, "sigmoid"), BINARY(), CLASSES),
        (nn.Dense(1, "sigmoid"), CATEGORICAL(), CLASSES),
    ],
    "output_range_mismatch": [
        (nn.Dense(1, "sigmoid"), "mse", 50 * NUMBERS),
        (nn.Dense(1, "relu"), "mse", NUMBERS),
        (nn.Dense(1, "tanh"), "mae", 5 * NUMBERS),
    ],
    "wrong_output_activation": [
        (nn.Dense(1, "relu"), BINARY(), YES),
        (nn.Dense(3, "relu"), CATEGORICAL(), ONE_HOT),
        (nn.Dense(3, "softmax"), "mse", LABELS),
    ],
    "double_softmax_or_logits_as_probabilities": [
        (nn.Dense(1), BINARY(), YES),
        (nn.Dense(3), SPARSE(), CLASSES),
        (nn.Dense(3, "softmax"), SPARSE(from_logits=True), CLASSES),
        (nn.Dense(3, "softmax"), CATEGORICAL(from_logits=True), ONE_HOT),
    ],
    "wrong_loss": [
        (nn.Dense(3, "softmax"), "mse", ONE_HOT),
        (nn.Dense(3), CATEGORICAL(from_logits=True), np.tile(CLASSES[:, None], 3)),
    ],
}

HEALTHY = [
    (nn.Dense(1, "sigmoid"), BINARY(), YES),
    (nn.Dense(1), BINARY(from_logits=True), YES),
    (nn.Dense(1, "sigmoid"), "mse", YES),
    (nn.Dense(2, "softmax"), SPARSE(), YES.astype(int)),
    (nn.Dense(3, "softmax"), CATEGORICAL(), ONE_HOT),
    (nn.Dense(3), SPARSE(from_logits=True), CLASSES),
    (nn.Dense(3, "sigmoid"), BINARY(), LABELS),
    (nn.Dense(3), BINARY(from_logits=True), LABELS),
    (nn.Dense(1), "mse", 50 * NUMBERS),
    (nn.Dense(1, "relu"), "mse", abs(NUMBERS)),
    (nn.Dense(1, "sigmoid"), "mse", (NUMBERS - NUMBERS.min()) / np.ptp(NUMBERS)),
]


@pytest.mark.parametrize(
    ("cause", "layer", "loss", "y"),
    [(cause, *program) for cause, programs in FAULTY.items() for program in programs],
)
def test_the_fault_comes_first(cause, layer, loss, y):
    found = diagnosis(net(layer, loss=loss), y)
    assert causes(found)[0] == cause


@pytest.mark.parametrize(("layer", "loss", "y"), HEALTHY)
def test_nothing_is_found_where_output_loss_and_targets_agree(layer, loss, y):
    found = diagnosis(net(layer, loss=loss), y)
    assert causes(found) == []
    assert "nothing found" in str(found)
    assert "wrong_loss" in str(found)
