from __future__ import annotations

import nnscratch as nn
from tests.doctor.nets import (
    BINARY,
    CLASSES,
    HIDDEN,
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
from tests.doctor.optimizers import ASCENT, PILING

FAULTY = {
    "ascent, yes or no": Program((HIDDEN, nn.Dense(1, "sigmoid")), BINARY(), YES, optimizer=ASCENT),
    "ascent, numbers": Program((nn.Dense(1),), "mse", NUMBERS, optimizer=ASCENT),
    "ascent, images": Program(
        (nn.Conv2D(4, 3, activation="relu"), nn.Flatten(), nn.Dense(3, "softmax")),
        SPARSE(),
        CLASSES,
        IMAGES,
        ASCENT,
        epochs=5,
    ),
    "never cleared, numbers": Program((HIDDEN, nn.Dense(1)), "mse", NUMBERS, optimizer=PILING),
    "never cleared, classes": Program(
        (HIDDEN, nn.Dense(3, "softmax")), SPARSE(), CLASSES, optimizer=PILING
    ),
}
HEALTHY = {
    str(optimizer): Program(
        (HIDDEN, nn.Dense(1, "sigmoid")), BINARY(), YES, optimizer=optimizer, epochs=60
    )
    for optimizer in (
        nn.SGD(0.1),
        nn.SGD(0.02, momentum=0.99),
        nn.SGD(0.1, momentum=0.9, nesterov=True),
        nn.SGD(nn.schedules.ExponentialDecay(0.5, 100, 0.5)),
        nn.Adam(0.01),
        nn.Adam(0.01, clipnorm=0.1, weight_decay=0.001),
        nn.AdamW(0.01),
        nn.Adamax(0.01),
        nn.Adagrad(0.1),
        nn.Adadelta(1.0),
        nn.RMSprop(0.01),
        nn.RMSprop(0.01, momentum=0.9),
    )
}
OTHERS = {
    "lr_too_high": Program((HIDDEN, nn.Dense(1)), "mse", NUMBERS, optimizer=nn.SGD(20.0)),
    "unscaled_input": Program((nn.Dense(1),), "mse", NUMBERS, 255 * X, nn.SGD(0.1)),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "wrong_gradient"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_a_loss_that_runs_away_are_named(cause, program):
    assert first(program) == cause
