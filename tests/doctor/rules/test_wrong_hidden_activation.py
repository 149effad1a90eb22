from __future__ import annotations

import nnscratch as nn
from tests.backends import BACKEND
from tests.doctor.nets import (
    BINARY,
    CROSS,
    NUMBERS,
    PLANE,
    YES,
    Program,
    X,
    complaints,
    first,
    programs,
    programs_by_cause,
)

OUT = nn.Dense(1, "sigmoid")

FAULTY = {
    "softmax": Program(
        (nn.Dense(32, "softmax"), nn.Dense(32, "softmax"), OUT),
        BINARY(),
        CROSS,
        PLANE,
        optimizer=nn.SGD(0.1),
    ),
    "softmax as a layer": Program(
        (nn.Dense(64), nn.Softmax(), nn.Dropout(0.1), OUT),
        BINARY(),
        CROSS,
        PLANE,
        optimizer=nn.SGD(0.1),
    ),
    "exponential": Program(
        (nn.Dense(16, "exponential"), nn.Dense(16, "exponential"), nn.Dense(1)),
        "mse",
        NUMBERS,
        optimizer=nn.SGD(0.05),
    ),
}
HEALTHY = {
    "ReLU": Program((nn.Dense(32, "relu"), nn.Dense(32, "relu"), OUT), BINARY(), CROSS, PLANE),
    "SELU": Program((nn.Dense(16, "selu"), nn.Dense(16, "selu"), OUT), BINARY(), YES),
    "softmax at the end": Program(
        (nn.Dense(16, "tanh"), nn.Dense(2, "softmax")),
        nn.losses.SparseCategoricalCrossentropy(),
        YES.astype(int),
    ),
}
OTHERS = {
    "vanishing_gradient": Program(
        (*(nn.Dense(8, "sigmoid") for _ in range(5)), OUT), BINARY(), YES, optimizer=nn.SGD(0.5)
    ),
    "lr_too_high": Program(
        (nn.Dense(16, "relu"), nn.Dense(1)), "mse", NUMBERS, optimizer=nn.SGD(1.0)
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "wrong_hidden_activation"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_lost_signals_are_named(cause, program):
    assert first(program) == cause


def test_weights_that_a_softmax_gives_to_others_are_no_fault():
    x = nn.Input((4,))
    attention = nn.Dense(4, "softmax")(x)
    y = nn.Dense(1, "sigmoid")(nn.Multiply()(x, attention))
    model = nn.Model(x, y, seed=0, backend=BACKEND)
    model.compile(nn.SGD(1e-5), BINARY())
    found = nn.diagnose(model, X, YES, epochs=5)
    assert found.findings[0].cause == "lr_too_low"
