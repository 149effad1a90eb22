from __future__ import annotations

import numpy as np

import nnscratch as nn
from tests.doctor.nets import (
    BINARY,
    CATEGORICAL,
    CLASSES,
    HIDDEN,
    NUMBERS,
    SPARSE,
    TEN,
    YES,
    Program,
    complaints,
    first,
    programs,
    programs_by_cause,
)

SIGMOID = (HIDDEN, nn.Dense(1, "sigmoid"))
RANKS = np.argsort(np.argsort(NUMBERS[:, 0]))
"""Whole numbers, each in one row."""

FAULTY = {
    "three classes": Program(SIGMOID, BINARY(), CLASSES),
    "a categorical loss": Program(SIGMOID, CATEGORICAL(), CLASSES, optimizer=nn.RMSprop(0.01)),
    "ten classes from 1 on": Program(SIGMOID, BINARY(), TEN + 1, optimizer=nn.SGD(0.1)),
    "forty classes": Program(SIGMOID, BINARY(), RANKS // 5),
}
HEALTHY = {
    "a unit for each class": Program((HIDDEN, nn.Dense(3, "softmax")), SPARSE(), CLASSES),
    "yes or no": Program(SIGMOID, BINARY(), YES),
    "classes as numbers": Program((HIDDEN, nn.Dense(1)), "mse", CLASSES),
}
OTHERS = {
    "output_range_mismatch": Program(SIGMOID, BINARY(), YES + 1),
    "single_unit_softmax": Program((HIDDEN, nn.Dense(1, "softmax")), BINARY(), CLASSES),
    "double_softmax_or_logits_as_probabilities": Program((nn.Dense(1),), BINARY(), YES),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "wrong_output_units"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_labels_that_outputs_cannot_tell_apart_are_named(cause, program):
    assert first(program) == cause


def test_whole_numbers_of_which_each_is_rare_are_no_classes():
    assert first(Program(SIGMOID, BINARY(), RANKS // 4)) == "output_range_mismatch"
