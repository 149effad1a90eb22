from __future__ import annotations

import numpy as np

import nnscratch as nn
from nnscratch.core.step import Batch
from nnscratch.doctor.chart import open_chart
from nnscratch.doctor.silence import silence
from tests.doctor.nets import (
    BINARY,
    NUMBERS,
    YES,
    Program,
    X,
    causes,
    complaints,
    first,
    programs,
    programs_by_cause,
)

AWAY = nn.initializers.Constant(-10)
OUT = nn.Dense(1, "sigmoid")

FAULTY = {
    "from the beginning": Program(
        (nn.Dense(16, "relu", bias_initializer=AWAY), OUT), BINARY(), YES
    ),
    "behind a living layer": Program(
        (nn.Dense(16, "relu"), nn.Dense(16, "relu", bias_initializer=AWAY), OUT), BINARY(), YES
    ),
}
HEALTHY = {
    "ReLU": Program((nn.Dense(16, "relu"), OUT), BINARY(), YES),
    "LeakyReLU": Program(
        (nn.Dense(16, bias_initializer=AWAY), nn.LeakyReLU(0.3), OUT), BINARY(), YES
    ),
}
OTHERS = {
    "saturated_activation": Program(
        (nn.Dense(16, "sigmoid", bias_initializer=AWAY), OUT),
        BINARY(),
        (X[:, 0] * X[:, 1] > 0).astype(np.float32),
        optimizer=nn.SGD(0.1),
    ),
    "lr_too_high": Program(
        (nn.Dense(16, "relu"), nn.Dense(16, "relu"), nn.Dense(1)),
        "mse",
        NUMBERS,
        optimizer=nn.SGD(3.0),
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "dead_relu"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_silence_are_named(cause, program):
    assert first(program) == cause


def test_every_training_row_is_asked_before_a_unit_is_called_dead():
    x = np.zeros((1000, 1), np.float32)
    x[777] = 1  # between two rows of the survey
    y = (np.arange(1000) % 2).astype(np.float32)
    hidden = nn.Dense(
        2,
        "relu",
        kernel_initializer=nn.initializers.Array([[1.0, 0.9]]),
        bias_initializer=nn.initializers.Constant(-0.5),
        name="hidden",
    )
    program = Program((hidden, OUT), BINARY(), y, x, optimizer=nn.SGD(1e-3), epochs=10)
    assert "dead_relu" not in causes(program.diagnosis())
    rows = Batch((x,), (y[:, None],))
    chart = open_chart(program.model(), rows, epochs=10, batch_size=20)
    assert chart.begin.activities["hidden/relu#0"].silent == 2
    heard = silence(chart, ["hidden/relu#0"])
    assert heard.units["hidden/relu#0"] == 0
    assert heard.rows > 777
