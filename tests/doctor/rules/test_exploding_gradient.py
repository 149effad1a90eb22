from __future__ import annotations

import pytest

import nnscratch as nn
from tests.doctor.nets import (
    NUMBERS,
    Program,
    complaints,
    first,
    programs,
    programs_by_cause,
)

GROWS = nn.initializers.RandomNormal(stddev=0.45)
LARGE = nn.initializers.RandomNormal(stddev=3)

FAULTY = {
    "by depth": Program(
        (*(nn.Dense(32, "relu", kernel_initializer=GROWS) for _ in range(14)), nn.Dense(1)),
        "mse",
        NUMBERS,
        optimizer=nn.SGD(0.001),
        epochs=3,
    ),
}
HEALTHY = {
    "as deep, with weights that keep the size": Program(
        (*(nn.Dense(32, "relu", kernel_initializer="he_normal") for _ in range(14)), nn.Dense(1)),
        "mse",
        NUMBERS,
        optimizer=nn.SGD(0.001),
    ),
}
OTHERS = {
    "lr_too_high": Program(
        (nn.Dense(16, "relu"), nn.Dense(1)), "mse", NUMBERS, optimizer=nn.SGD(1.0)
    ),
    "weights_too_large": Program(
        (
            nn.Dense(32, "relu", kernel_initializer=LARGE),
            nn.Dense(32, "relu", kernel_initializer=LARGE),
            nn.Dense(1),
        ),
        "mse",
        NUMBERS,
        optimizer=nn.SGD(0.001),
    ),
}

pytestmark = pytest.mark.filterwarnings("ignore:(overflow|invalid|divide):RuntimeWarning")


@programs(FAULTY)
def test_comes_first(program):
    assert first(program) == "exploding_gradient"


@programs(HEALTHY)
def test_the_nearest_healthy_programs_are_well(program):
    assert complaints(program) == []


@programs_by_cause(OTHERS)
def test_what_makes_numbers_grow_is_named_before_it(cause, program):
    assert first(program) == cause


def test_it_tells_the_step_at_which_growth_began_and_the_call_that_broke():
    layers = (nn.Dense(16, "relu", name="wide"), nn.Dense(1, name="out"))
    found = Program(layers, "mse", NUMBERS, optimizer=nn.SGD(1.0)).diagnosis()
    (root,) = found.findings
    (exploded,) = (one for one in root.consequences if one.cause == "exploding_gradient")
    assert exploded.evidence[0].numbers["factor"] > 100
    assert exploded.evidence[0].step == exploded.evidence[0].numbers["began"] == 0
    assert exploded.where[0] in ("wide", "wide/relu", "out")
