from __future__ import annotations

import pytest

from benchmarks.inspection import Cost, measure
from benchmarks.nets import SUBJECTS


@pytest.mark.parametrize("name", SUBJECTS)
def test_every_network_takes_its_steps(name: str) -> None:
    subject = SUBJECTS[name].with_batch(2)
    model = subject.build("numpy")
    model.fit(*subject.rows(steps=2), batch_size=2, verbose=0)
    assert model.iteration == 2


def test_recording_is_measured_against_bare_training() -> None:
    subject = SUBJECTS["zero-init, unit-kernel"].with_batch(1)
    cost = measure(subject, "numpy", speed=1e9, turns=1, seconds=0)
    assert cost.arrays == 2 * 8 + 3 * 8
    assert cost.step > 0
    outputs = 2 * 6 * 6 * 8 + 2 * 4 * 4 * 16 + 256 + 2 * 32 + 10
    weights = (9 + 1) * 8 + (72 + 1) * 16 + 257 * 32 + 33 * 10
    assert cost.read == 8 * (2 * outputs + 3 * weights)
    assert cost.reading == pytest.approx(cost.read / 1e9 / cost.step)


def test_what_is_too_much_is_a_share_of_a_long_step() -> None:
    assert Cost(0.005, 40, 0, 0.0, 0.04, 0.01).holds
    assert not Cost(0.005, 40, 0, 0.0, 0.04, 0.011).holds
    assert Cost(0.004, 40, 0, 0.0, 0.5, 0.0).holds
    assert Cost(0.004, 40, 0, 0.0, 0.5, 0.0).per_array == pytest.approx(50e-6)
