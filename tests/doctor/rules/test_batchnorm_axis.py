from __future__ import annotations

import numpy as np

import nnscratch as nn
from tests.doctor.nets import (
    CLASSES,
    IMAGES,
    SPARSE,
    Program,
    X,
    complaints,
    first,
    programs,
    programs_by_cause,
)

OUTPUT = (nn.Flatten(), nn.Dense(3, "softmax"))
AWAY = nn.initializers.Constant(5.0)


def convolution(*normalised: nn.Layer, filters: int = 3) -> Program:
    """6 x 6 places behind a convolution; as many as channels, if asked."""
    layers = (nn.Conv2D(filters, 3, padding="same"), *normalised, nn.Activation("relu"), *OUTPUT)
    return Program(layers, SPARSE(), CLASSES, IMAGES, epochs=10)


LOUD, QUIET = [1.0, 300.0, 0.02], [20.0, 1e5, 0.0]
FIRST = np.stack([X[:, :3] * s + m for s, m in zip(LOUD, QUIET, strict=True)], axis=1)
"""Three channels (200, 3, 3, 1) of their own scales, and they come first."""


def channels_first(axis: int) -> Program:
    """Channels that nothing but a normalisation brings to one scale."""
    norm = nn.BatchNormalization(axis=axis, momentum=0.9)
    layers = (norm, nn.Flatten(), nn.Dense(16, "relu"), nn.Dense(3, "softmax"))
    return Program(layers, SPARSE(), CLASSES, FIRST[..., None], nn.SGD(0.05), epochs=20)


FAULTY = {
    "the last, where channels come first": channels_first(-1),
    "rows": convolution(nn.BatchNormalization(axis=1, momentum=0.9)),
    "columns": convolution(nn.BatchNormalization(axis=2, momentum=0.9)),
    "as many columns as channels": convolution(
        nn.BatchNormalization(axis=2, momentum=0.9), filters=6
    ),
}
HEALTHY = {
    "channels that come first": channels_first(1),
    "channels": convolution(nn.BatchNormalization(momentum=0.9)),
    "as many channels as places": convolution(nn.BatchNormalization(momentum=0.9), filters=6),
    "of rows without places": Program(
        (nn.Dense(8), nn.BatchNormalization(momentum=0.9), nn.Activation("relu"), *OUTPUT[1:]),
        SPARSE(),
        CLASSES,
        epochs=20,
    ),
}
OTHERS = {
    "batchnorm_statistics": Program(
        (
            nn.Conv2D(3, 3, bias_initializer=AWAY),
            nn.BatchNormalization(momentum=0.999),
            nn.Activation("relu"),
            *OUTPUT,
        ),
        SPARSE(),
        CLASSES,
        IMAGES,
        epochs=10,
    ),
}


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "batchnorm_axis"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_other_causes_of_bad_answers_behind_a_normalisation_are_named(cause, program):
    assert first(program) == cause


def test_the_axis_is_found_from_what_the_averages_did():
    (finding,) = FAULTY["as many columns as channels"].diagnosis().findings
    assert finding.where == ("batch_normalization",)
    assert finding.evidence[0].numbers["axis"] == 2
    assert finding.evidence[0].numbers["channels"] == 3
