"""Whole training steps, ours and PyTorch's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import nnscratch as nn
from benchmarks import step
from benchmarks.host import Host
from benchmarks.nets import Subject
from benchmarks.step import Row, against_ceilings, measure, peak_memory, row, summary
from benchmarks.step.course import OURS, SIDES, TORCH, OwnCourse, course
from benchmarks.step.duty import Call, Duty
from benchmarks.step.subjects import OPTIMIZERS, SUBJECTS
from benchmarks.timing import BRIEF, Effort, Times
from nnscratch.kernels.numba import parallel
from nnscratch.kernels.ops import Array

SLOW, FAST = "torch contiguous", "torch channels_last"
TIMES = {
    OURS: Times(0.010, 0.009, 0.011),
    SLOW: Times(0.030, 0.030, 0.030),
    FAST: Times(0.015, 0.015, 0.015),
}


def test_a_row_is_of_the_better_layout() -> None:
    made = row("lenet", "SGD", 2.01, TIMES, FAST, {OURS: 10.0, FAST: 12.0})
    assert made.speedup == pytest.approx(1.5)
    assert made.torch_median_ms == pytest.approx(15)
    assert (made.peak_mib, made.torch_peak_mib, made.batch) == (10.0, 12.0, 64)
    assert made.compile_s == pytest.approx(2.0)
    assert made.status == "PASSED"
    shaky = {**TIMES, FAST: Times(0.015, 0.010, 0.020)}
    assert row("lenet", "SGD", 2.0, shaky, FAST, {}).status == "MISTRUSTED"


def test_without_pytorch_there_are_no_ratios() -> None:
    made = row("lenet", "SGD", 0.0, {OURS: TIMES[OURS]}, None, {OURS: 10.0})
    assert made.speedup is made.torch_median_ms is made.torch_peak_mib is None
    assert made.compile_s == 0.0
    assert set(summary([made]).values()) == {None}


def with_speedup(speedup: float) -> Row:
    times = {OURS: TIMES[FAST], FAST: Times(*(0.015 * speedup,) * 3)}
    return row("conv_bn_prelu", "Adam", 0.0, times, FAST, {OURS: 1000.0, FAST: 1000.0})


def test_the_summary_and_the_table() -> None:
    rows = [with_speedup(4.0), with_speedup(1.0)]
    assert summary(rows) == {
        "geomean_share": None,
        "geomean_speedup": pytest.approx(2.0),
        "worst_speedup": pytest.approx(1.0),
    }
    assert max(map(len, [*step.HEADING.splitlines(), *map(step.line, rows)])) <= 80


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    subjects = {name: subject.with_batch(2) for name, subject in SUBJECTS.items()}
    for module in ("benchmarks.step", "benchmarks.step.course"):
        monkeypatch.setattr(sys.modules[module], "SUBJECTS", subjects)


@pytest.mark.usefixtures("small")
def test_a_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(peak_memory, "measured", lambda *given: asked.append(given) or 3 << 20)
    made = measure("lenet", "Adam", (OURS,), Host(), BRIEF)
    assert made.batch == 2
    assert 0 < made.p20_ms <= made.median_ms <= made.p80_ms
    assert made.peak_mib == 3
    assert asked == [(OURS, "lenet", "Adam", parallel.threads(), "numba")]


def test_what_a_step_has_to_do_is_counted() -> None:
    subject = Subject(tiny, 2, (3, 3, 1), targets=lambda rng, n: rng.random((n, 4)))
    own = OwnCourse(subject, "SGD", steps=1, backend="numpy")
    before = own.model.backend
    duty = Duty.of(own)
    assert own.model.backend is before
    flop = {op: sum(c.flop for c in duty.calls if c.op == op) for op in {c.op for c in duty.calls}}
    rows, units, weights = 2, 4, 9 * 4 + 4
    assert flop["matmul"] == rows * units * (2 * 9 + 1) + 9 * units * 2 * rows  # y, then dw
    assert flop["bias_gradient"] == rows * units
    assert flop["sgd"] == 2 * weights
    assert duty.gflop()["forward"] == pytest.approx(1e-9 * rows * units * (2 * 9 + 1 + 3))
    assert duty.gflop()["update"] == pytest.approx(1e-9 * 2 * weights)  # and added
    assert duty.gbytes()["update"] == pytest.approx(1e-9 * 4 * 3 * weights)
    assert sum(duty.gflop().values()) == pytest.approx(1e-9 * sum(flop.values()))


def tiny(backend: str, optimizer: Any) -> nn.Model:
    layers = [nn.Input((3, 3, 1)), nn.Flatten(), nn.Dense(4)]
    model = nn.Sequential(layers, backend=backend, seed=0, store=nn.Store())
    model.compile(optimizer, "mse")
    return model


def test_each_call_has_its_own_ceiling() -> None:
    duty = Duty(
        [
            Call("forward", "matmul", 1000, 10),
            Call("forward", "relu", 10, 400),
            Call("update", "sgd", 1, 8),
        ]
    )
    # 1000 FLOP at 10 GFLOP/s take 100 ns, 408 bytes at 4 GB/s 102 ns.
    assert duty.seconds(peak=10.0, bandwidth=4.0) == pytest.approx(202e-9)
    made = row("lenet", "SGD", 0.0, {OURS: Times(*(404e-9,) * 3)}, None, {})
    made = against_ceilings(made, duty, peak=10.0, bandwidth=4.0)
    assert made.share == pytest.approx(0.5)
    assert made.as_json()["gflop"] == {
        "forward": pytest.approx(1010e-9),
        "gradients": 0,
        "update": pytest.approx(1e-9),
    }
    assert step.line(made).endswith("0.000202 ms at the least, 50% of the time")
    assert summary([made])["geomean_share"] == pytest.approx(0.5)


@pytest.mark.usefixtures("small")
def test_steps_that_are_timed_together_share_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peak_memory, "measured", lambda *given: 0)
    monkeypatch.setattr(Host, "clock", lambda self, work: 0.02)
    together = Times(0.10, 0.08, 0.12)
    monkeypatch.setattr(step, "by_turns", lambda works, *_: dict.fromkeys(works, together))
    made = measure("lenet", "SGD", (OURS,), Host(), Effort(turn=0.04))
    assert made.median_ms == pytest.approx(1e3 * 0.10 * 0.02 / (2 * 0.04))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_our_course_takes_its_steps(optimizer: str) -> None:
    own = OwnCourse(SUBJECTS["lenet"].with_batch(2), optimizer, steps=3)
    own()
    own()
    assert own.model.iteration == 6
    assert not own.model.exact
    assert {str(array.dtype) for array in own.model.params.values()} == {"float32"}


def test_memory_is_what_training_holds_at_most_above_idle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def made_up(*given: Any, **options: Any) -> Any:
        size = 1 if "batch" in options else 64 << 20

        def train() -> None:
            np.ones(size, np.uint8)

        return train

    monkeypatch.setattr(peak_memory, "course", made_up)
    assert 60 << 20 < peak_memory.grown(OURS, "lenet", "SGD") < 80 << 20


# -- PyTorch ---------------------------------------------------------------------------------------


@pytest.fixture
def torch() -> Iterator[ModuleType]:
    """On one thread: tests wait for nobody."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield torch
    torch.set_num_threads(before)


def in_torchs_order(value: Array, name: str, units: int) -> Array:
    """A weight of ours as PyTorch has it; `units` are the channels of what was flattened."""
    if name == "alpha":
        return value.reshape(-1)
    if value.ndim == 4:
        return value.transpose(3, 2, 0, 1)
    if value.ndim == 2:  # rows are (height, width, channel) there (channel, height, width)
        rows = value.reshape(-1, units, value.shape[1])
        return rows.swapaxes(0, 1).reshape(value.shape).T
    return value


def give_weights(torch: ModuleType, model: nn.Model, module: Any, flattened: int) -> None:
    """Give PyTorch's network our weights: of each, in order, the next of that shape."""
    names = ("kernel", "bias", "gamma", "beta", "alpha")
    ours = [(path.rpartition("/")[2], value) for path, value in model.params.items()]
    left = [(name, np.asarray(value)) for name, value in ours if name in names]
    first_dense = next(i for i, (_, value) in enumerate(left) if value.ndim == 2)
    converted = [
        in_torchs_order(value, name, flattened if i == first_dense else len(value))
        for i, (name, value) in enumerate(left)
    ]
    with torch.no_grad():
        for parameter in module.parameters():
            place = next(
                i for i, value in enumerate(converted) if value.shape == tuple(parameter.shape)
            )
            parameter.copy_(torch.tensor(converted.pop(place)))
    assert not converted


CHANNELS = {"lenet": 16, "siamese": 1, "conv_bn_prelu": 64, "resnet": 128, "big_kernel": 32}
"""Of what each network flattens; the siamese one's dense layer reads a distance."""


@pytest.mark.parity
@pytest.mark.parametrize("name", SUBJECTS)
def test_pytorchs_networks_are_ours(torch: ModuleType, name: str) -> None:
    own, other = (course(side, name, "SGD", steps=1, batch=4) for side in (OURS, TORCH[0]))
    assert isinstance(own, OwnCourse)
    module = vars(other)["module"]
    give_weights(torch, own.model, module, CHANNELS[name])
    first = own(), other()
    second = own(), other()
    assert first[0] == pytest.approx(first[1], rel=1e-3)
    assert second[0] == pytest.approx(second[1], rel=1e-2)
    assert second[0] != first[0]


@pytest.mark.parity
@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_side_learns(side: str, optimizer: str) -> None:
    train = course(side, "lenet", optimizer, steps=3, batch=4)
    losses = [train() for _ in range(20)]
    assert losses[-1] < losses[0]


@pytest.mark.parity
@pytest.mark.usefixtures("small", "torch")
def test_a_measurement_against_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peak_memory, "measured", lambda *given: 1 << 20)
    made = measure("lenet", "SGD", SIDES, Host(), BRIEF)
    assert made.torch_layout in TORCH
    assert made.torch_median_ms is not None
    assert made.speedup == pytest.approx(made.torch_median_ms / made.median_ms)
    assert made.torch_peak_mib == 1
