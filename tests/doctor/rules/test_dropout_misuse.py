from __future__ import annotations

import nnscratch as nn
from tests.doctor.nets import (
    CLASSES,
    HIDDEN,
    NUMBERS,
    PLANE,
    SPARSE,
    TEN,
    Program,
    complaints,
    first,
    programs,
    programs_by_cause,
)

WIDE, WIDER = nn.Dense(64, "relu"), nn.Dense(64, "relu")
OUTPUT = nn.Dense(3, "softmax")
AWAY = nn.initializers.Constant(5.0)

FAULTY = {
    "of the answers": Program((HIDDEN, OUTPUT, nn.Dropout(0.5)), SPARSE(), CLASSES),
    "of numbers": Program((HIDDEN, nn.Dense(1), nn.Dropout(0.5)), "mse", NUMBERS + 3),
    "of nearly all units, twice": Program(
        (WIDE, nn.Dropout(0.97), WIDER, nn.Dropout(0.97), OUTPUT), SPARSE(), CLASSES, epochs=10
    ),
    "of few inputs": Program(
        (nn.Dropout(0.9), HIDDEN, nn.Dense(10, "softmax")), SPARSE(), TEN, PLANE
    ),
}
HEALTHY = {
    "of half of many units": Program((WIDE, nn.Dropout(0.5), OUTPUT), SPARSE(), CLASSES),
    "of some of few units": Program((HIDDEN, nn.Dropout(0.2), OUTPUT), SPARSE(), CLASSES),
}
OTHERS = {
    "batchnorm_statistics": Program(
        (
            nn.Dense(8, bias_initializer=AWAY),
            nn.BatchNormalization(momentum=0.999),
            nn.Activation("tanh"),
            OUTPUT,
        ),
        SPARSE(),
        CLASSES,
        epochs=10,
    ),
    "lr_too_low": Program(
        (WIDE, nn.Dropout(0.2), OUTPUT), SPARSE(), CLASSES, optimizer=nn.SGD(1e-4), epochs=5
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "dropout_misuse"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_a_loss_that_is_higher_in_training_are_named(cause, program):
    assert first(program) == cause


def test_where_names_the_dropout():
    where = [program.diagnosis().findings[0].where for program in FAULTY.values()]
    assert where == [("dropout",), ("dropout",), ("dropout_1",), ("dropout",)]
