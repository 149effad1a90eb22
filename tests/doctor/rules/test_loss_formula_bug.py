from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from tests.doctor.losses import CROSSED, LOG
from tests.doctor.nets import (
    CLASSES,
    HIDDEN,
    NUMBERS,
    ONE_HOT,
    SPARSE,
    TEN,
    Program,
    X,
    causes,
    complaints,
    first,
    programs,
    programs_by_cause,
)

SUM = nn.losses.MeanSquaredError(reduction="sum")


def softmax(axis: int) -> nn.Layer:
    """Written by hand: it overflows where its inputs are large."""

    def forward(x):
        e = np.exp(x)
        return e / e.sum(axis=axis, keepdims=True)

    def backward(dy, x):
        y = forward(x)
        return y * (dy - (dy * y).sum(axis=axis, keepdims=True))

    return nn.Lambda(forward, backward)


FAULTY = {
    "a sum over the rows": Program((HIDDEN, nn.Dense(1)), SUM, NUMBERS, optimizer=nn.SGD(0.5)),
    "a sum over the rows, classes": Program(
        (nn.Dense(30, "relu"), nn.Dense(3, "softmax")),
        SPARSE(reduction="sum"),
        CLASSES,
        optimizer=nn.SGD(2.0),
        batch_size=100,
    ),
    "rows crossed with rows": Program((HIDDEN, nn.Dense(1)), CROSSED, NUMBERS),
    "rows crossed with rows, a linear model": Program(
        (nn.Dense(1),), CROSSED, NUMBERS, optimizer=nn.SGD(0.1)
    ),
    "softmax along the batch": Program(
        (HIDDEN, nn.Dense(3), softmax(0)), "categorical_crossentropy", ONE_HOT
    ),
    "softmax along the batch, ten classes": Program(
        (nn.Dense(10), softmax(0)), SPARSE(), TEN, optimizer=nn.SGD(0.1)
    ),
}
HEALTHY = {
    "a mean": Program((HIDDEN, nn.Dense(1)), "mse", NUMBERS, optimizer=nn.SGD(0.1)),
    "a mean, classes": Program((HIDDEN, nn.Dense(3, "softmax")), SPARSE(), CLASSES),
    "softmax, by hand": Program((HIDDEN, nn.Dense(3), softmax(-1)), SPARSE(), CLASSES),
    "a sum of one row": Program((nn.Dense(1),), SUM, NUMBERS, optimizer=nn.SGD(0.01), batch_size=1),
}
OTHERS = {
    "lr_too_high": Program((HIDDEN, nn.Dense(1)), "mse", NUMBERS, optimizer=nn.SGD(20.0)),
    "unscaled_input": Program((nn.Dense(1),), "mse", NUMBERS, 255 * X, nn.SGD(0.1)),
    "wrong_loss": Program(
        (HIDDEN, nn.Dense(1, "sigmoid")), "categorical_crossentropy", X[:, 0] > 0
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "loss_formula_bug"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_a_loss_that_explodes_or_stands_still_are_named(cause, program):
    assert first(program) == cause


def test_a_sum_whose_steps_are_short_enough_is_no_more_than_possible():
    program = Program((HIDDEN, nn.Dense(1)), SUM, NUMBERS, optimizer=nn.SGD(0.005))
    assert complaints(program) == ["loss_formula_bug"]
    assert first(program) is None


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_a_loss_that_is_no_number_though_its_answers_are_is_named():
    program = Program((HIDDEN, nn.Dense(3)), LOG, ONE_HOT)
    (root,) = program.diagnosis().findings
    (found,) = root.consequences  # of answers that are no probabilities
    assert found.cause == "loss_formula_bug"
    assert "their loss is nan" in found.evidence[0].text


@pytest.mark.filterwarnings("ignore:(overflow|invalid):RuntimeWarning")
def test_a_loss_of_answers_that_are_no_numbers_is_not_to_blame():
    huge = nn.initializers.Constant(1e30)
    program = Program((nn.Dense(1, kernel_initializer=huge),), "mse", NUMBERS, 1e30 * X)
    found = causes(program.diagnosis())
    assert found
    assert "loss_formula_bug" not in found
