from __future__ import annotations

import numpy as np

import nnscratch as nn
from tests.doctor.nets import (
    BINARY,
    CLASSES,
    NUMBERS,
    SPARSE,
    YES,
    Program,
    complaints,
    first,
    programs,
    programs_by_cause,
)


def penalised(penalty: nn.regularizers.Regularizer, *last: object) -> tuple[nn.Layer, ...]:
    """Two layers with one penalty."""
    return (
        nn.Dense(16, "relu", kernel_regularizer=penalty),
        nn.Dense(*last, kernel_regularizer=penalty),
    )


L1, L2 = nn.regularizers.L1, nn.regularizers.L2

FAULTY = {
    "L2, numbers": Program(penalised(L2(1.0), 1), "mse", NUMBERS),
    "L2, classes, SGD": Program(
        penalised(L2(0.5), 3, "softmax"), SPARSE(), CLASSES, optimizer=nn.SGD(0.1)
    ),
    "L1, yes or no": Program(penalised(L1(0.3), 1, "sigmoid"), BINARY(), YES),
    "L2, numbers, that keeps half of what is there": Program(penalised(L2(0.4), 1), "mse", NUMBERS),
    "weight decay": Program(
        (nn.Dense(16, "relu"), nn.Dense(1)), "mse", NUMBERS, optimizer=nn.AdamW(0.01, 60.0)
    ),
}
HEALTHY = {
    "little weight decay": Program(
        (nn.Dense(16, "relu"), nn.Dense(1)), "mse", NUMBERS, optimizer=nn.AdamW(0.01, 0.004)
    ),
    "little L2, numbers": Program(penalised(L2(1e-3), 1), "mse", NUMBERS),
    "little L2, classes": Program(penalised(L2(1e-3), 3, "softmax"), SPARSE(), CLASSES),
    "little L1": Program(penalised(L1(1e-4), 1, "sigmoid"), BINARY(), YES),
    "none": Program((nn.Dense(16, "relu"), nn.Dense(1)), "mse", NUMBERS),
}
OTHERS = {
    "lr_too_low": Program(penalised(L2(1e-3), 1), "mse", NUMBERS, optimizer=nn.SGD(1e-6)),
    "no_signal": Program(
        penalised(L2(1e-3), 3, "softmax"), SPARSE(), np.random.default_rng(1).permutation(CLASSES)
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "over_regularization"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_answers_that_stay_at_the_mean_are_named(cause, program):
    assert first(program) == cause
