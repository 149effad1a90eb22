from __future__ import annotations

import nnscratch as nn
from tests.doctor.nets import (
    BINARY,
    CATEGORICAL,
    CLASSES,
    HIDDEN,
    IMAGES,
    ONE_HOT,
    SHARES,
    SPARSE,
    YES,
    Program,
    causes,
    complaints,
    first,
    programs,
    programs_by_cause,
)

FAULTY = {
    "yes or no": Program((HIDDEN, nn.Dense(1, "softmax")), BINARY(), YES),
    "categorical": Program(
        (HIDDEN, nn.Dense(1, "softmax")), CATEGORICAL(), YES, optimizer=nn.SGD(0.1)
    ),
    "numbers": Program((HIDDEN, nn.Dense(1, "softmax")), "mse", SHARES),
    "classes": Program((HIDDEN, nn.Dense(1, "softmax")), "mse", CLASSES),
    "a layer of its own": Program((nn.Dense(1), nn.Softmax()), BINARY(), YES),
    "one per pixel": Program(
        (nn.Conv2D(1, 3, padding="same", activation="softmax"),),
        BINARY(),
        (IMAGES > 0).astype("float32"),
        IMAGES,
        epochs=5,
    ),
    "in the loss": Program((HIDDEN, nn.Dense(1)), CATEGORICAL(from_logits=True), YES),
}
HEALTHY = {
    "sigmoid": Program((HIDDEN, nn.Dense(1, "sigmoid")), BINARY(), YES),
    "two units": Program((HIDDEN, nn.Dense(2, "softmax")), SPARSE(), YES.astype(int)),
    "linear": Program((HIDDEN, nn.Dense(1)), "mse", SHARES),
    "sigmoid in the loss": Program((HIDDEN, nn.Dense(1)), BINARY(from_logits=True), YES),
}
OTHERS = {
    "wrong_loss": Program((HIDDEN, nn.Dense(1, "sigmoid")), CATEGORICAL(), YES),
    "wrong_output_units": Program((HIDDEN, nn.Dense(1, "sigmoid")), CATEGORICAL(), CLASSES),
    "output_range_mismatch": Program((HIDDEN, nn.Dense(1, "sigmoid")), "mse", 5 + SHARES),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "single_unit_softmax"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_outputs_that_stand_still_are_named(cause, program):
    assert first(program) == cause


def test_softmax_over_each_of_several_units_is_another_mistake():
    alone = nn.Reshape((2, 1)), nn.Softmax(), nn.Reshape((2,))
    program = Program((HIDDEN, nn.Dense(2), *alone), "mse", ONE_HOT[:, :2])
    assert "single_unit_softmax" not in causes(program.diagnosis())
