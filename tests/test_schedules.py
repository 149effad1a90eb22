from __future__ import annotations

import math

import numpy as np
import pytest

from nnscratch import schedules
from nnscratch.schedules import (
    Constant,
    CosineDecay,
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (Constant(0.1), {0: 0.1, 7: 0.1}),
        (ExponentialDecay(0.1, 10, 0.5), {0: 0.1, 5: 0.1 * math.sqrt(0.5), 10: 0.05, 30: 0.0125}),
        (ExponentialDecay(0.1, 10, 0.5, staircase=True), {0: 0.1, 9: 0.1, 10: 0.05, 29: 0.025}),
        (
            CosineDecay(0.2, 100),
            {0: 0.2, 25: 0.1 + 0.1 * math.sqrt(0.5), 50: 0.1, 100: 0.0, 900: 0},
        ),
        (CosineDecay(0.2, 100, alpha=0.5), {0: 0.2, 50: 0.15, 100: 0.1, 101: 0.1}),
        (
            CosineDecay(0.1, 100, alpha=0.5, warmup_target=0.3, warmup_steps=4),
            {0: 0.1, 1: 0.15, 3: 0.25, 4: 0.3, 54: 0.225, 104: 0.15, 999: 0.15},
        ),
        (InverseTimeDecay(0.3, 10, 0.5), {0: 0.3, 5: 0.24, 10: 0.2, 40: 0.1}),
        (InverseTimeDecay(0.3, 10, 0.5, staircase=True), {9: 0.3, 10: 0.2, 19: 0.2, 49: 0.1}),
        (PolynomialDecay(0.5, 10, 0.1), {0: 0.5, 5: 0.3, 10: 0.1, 99: 0.1}),
        (PolynomialDecay(0.5, 10, 0.1, power=2), {0: 0.5, 5: 0.2, 10: 0.1, 99: 0.1}),
        (
            PolynomialDecay(0.5, 10, 0.1, cycle=True),
            {0: 0.5, 5: 0.3, 10: 0.1, 11: 0.1 + 0.4 * 9 / 20, 20: 0.1, 25: 0.1 + 0.4 / 6},
        ),
        (PiecewiseConstantDecay([10, 20], [1, 0.5, 0.1]), {0: 1, 10: 1, 11: 0.5, 20: 0.5, 21: 0.1}),
        (PiecewiseConstantDecay([], [0.3]), {0: 0.3, 99: 0.3}),
    ],
    ids=repr,
)
def test_by_hand(schedule, expected):
    for iteration, learning_rate in expected.items():
        assert schedule(iteration) == pytest.approx(learning_rate, abs=1e-15)


def test_a_schedule_does_not_change_with_the_lists_it_was_made_from():
    boundaries, values = [10], [1.0, 0.5]
    schedule = PiecewiseConstantDecay(boundaries, values)
    boundaries[0], values[0] = 0, 9.0
    assert schedule(5) == 1.0


@pytest.mark.parametrize("number", [0.1, 0, np.float32(0.25), np.int64(1)])
def test_get_takes_numbers(number):
    learning_rate = schedules.get(number)(3)
    assert learning_rate == number
    assert type(learning_rate) is float


def test_get_takes_schedules():
    schedule = CosineDecay(0.1, 10)
    assert schedules.get(schedule) is schedule

    def halved(iteration):
        return 0.5**iteration

    assert schedules.get(halved) is halved


@pytest.mark.parametrize("identifier", ["0.1", None, True, CosineDecay])
def test_get_refuses_what_is_no_schedule(identifier):
    with pytest.raises(TypeError, match="a number or a schedule such as"):
        schedules.get(identifier)


@pytest.mark.parametrize("rate", [-0.1, math.nan, math.inf])
def test_rates_are_finite_and_not_negative(rate):
    for make in (
        schedules.get,
        Constant,
        lambda r: ExponentialDecay(r, 10, 0.5),
        lambda r: ExponentialDecay(0.1, 10, r),
        lambda r: CosineDecay(r, 10),
        lambda r: CosineDecay(0.1, 10, r),
        lambda r: CosineDecay(0.1, 10, warmup_target=r, warmup_steps=3),
        lambda r: InverseTimeDecay(r, 10, 0.5),
        lambda r: InverseTimeDecay(0.1, 10, r),
        lambda r: PolynomialDecay(r, 10),
        lambda r: PolynomialDecay(0.1, 10, r),
        lambda r: PolynomialDecay(0.1, 10, 0.01, r),
        lambda r: PiecewiseConstantDecay([1], [0.1, r]),
    ):
        with pytest.raises(ValueError, match=r"expected a finite number >= 0, got"):
            make(rate)


@pytest.mark.parametrize("steps", [0, -5, None, True])
def test_decay_takes_some_steps(steps):
    for name in ("ExponentialDecay", "CosineDecay", "InverseTimeDecay", "PolynomialDecay"):
        message = f"{name} decay_steps: expected a finite number > 0, got {steps}"
        with pytest.raises(ValueError, match=message):
            getattr(schedules, name)(0.1, steps, 0.5)


def test_boundaries_lie_between_values_and_increase():
    with pytest.raises(ValueError, match="got 2 values and 2 boundaries"):
        PiecewiseConstantDecay([1, 2], [0.1, 0.2])
    with pytest.raises(ValueError, match=r"boundaries that increase, got \(5, 5\)"):
        PiecewiseConstantDecay([5, 5], [0.1, 0.2, 0.3])


@pytest.mark.parametrize("half", [{"warmup_target": 0.1}, {"warmup_steps": 5}])
def test_a_warm_up_needs_a_target_and_a_length(half):
    with pytest.raises(ValueError, match="give both or neither"):
        CosineDecay(0.1, 10, **half)
