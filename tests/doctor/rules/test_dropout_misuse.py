from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.doctor.survey import activity
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


def test_noise_that_is_added_is_called_so():
    loud = Program((nn.GaussianNoise(30.0), HIDDEN, nn.Dense(10, "softmax")), SPARSE(), TEN, PLANE)
    finding = loud.diagnosis().findings[0]
    assert (finding.cause, finding.where) == ("dropout_misuse", ("gaussian_noise",))
    assert "gaussian_noise#0 adds " in finding.evidence[0].text
    assert "dropout" not in finding.evidence[0].text + finding.why + finding.fix
    size = 0.1 * float(np.sqrt(np.mean(PLANE**2)))
    assert finding.treatment.arguments == {"stddev": pytest.approx(size, rel=0.3)}
    assert f"stddev={finding.treatment.arguments['stddev']:g}" in finding.fix


@pytest.mark.parametrize("layer", [nn.Dropout(0.98), nn.SpatialDropout2D(0.9)])
def test_noise_that_silences_is_called_so(layer):
    x = np.ones((8, 2, 2, 4), np.float32)
    told = activity(nn.run_layer(layer, x, training=True))
    assert told.silences
    assert told.noise == pytest.approx(layer.rate / (1 - layer.rate), rel=1)
