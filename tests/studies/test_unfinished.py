"""A study that was interrupted goes on where it was."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.cli import main
from nnscratch.studies import registry, runner, training
from nnscratch.studies.study import Measurements, Setting, Study, Variant
from tests.studies.toy_study import STUDY

VALUES = {"a": 0.1 + 0.2, "nan": math.nan, "inf": -math.inf, "numpy": np.float32(0.1), "l": (1, 2)}


class Counted:
    """A variant's run that counts, and may be interrupted once."""

    def __init__(self, interrupted: bool = False) -> None:
        self.interrupted = interrupted
        self.runs = 0

    def __call__(self, setting: Setting) -> Measurements:
        if self.interrupted:
            self.interrupted = False
            raise KeyboardInterrupt
        self.runs += 1
        return VALUES


def study(*runs: Counted) -> Study:
    variants = tuple(Variant(f"v{n}", "a change", run) for n, run in enumerate(runs))
    return replace(STUDY, variants=variants, claims=lambda results: [])


def test_what_was_measured_is_not_measured_again(tmp_path: Path) -> None:
    first, second = Counted(), Counted(interrupted=True)
    both = study(first, second)
    with pytest.raises(KeyboardInterrupt):
        runner.run(both, Setting(), folder=tmp_path)
    findings = runner.run(both, Setting(), folder=tmp_path)
    assert (first.runs, second.runs) == (1, 1)
    assert list(findings.results) == ["v0", "v1"]


def test_measurements_come_back_exactly(tmp_path: Path) -> None:
    measured = runner.run(study(Counted()), Setting(), folder=tmp_path).results["v0"]
    assert measured["a"] == VALUES["a"]
    assert math.isnan(measured["nan"])
    assert measured["inf"] == -math.inf
    assert measured["numpy"] == float(np.float32(0.1))
    assert measured["l"] == [1, 2]


def test_without_a_folder_nothing_is_kept() -> None:
    run = Counted()
    for _ in range(2):
        runner.run(study(run), Setting())
    assert run.runs == 2


def test_another_run_is_not_mistaken_for_this_one(tmp_path: Path) -> None:
    runner.run(study(Counted()), Setting(seed=0), folder=tmp_path)
    with pytest.raises(
        nn.NNError, match=r"another run, seed 0, this one is seed 1; remove the fold"
    ):
        runner.run(study(Counted()), Setting(seed=1), folder=tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"null", b"\xff"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    runner.run(study(Counted()), Setting(), folder=tmp_path)
    (tmp_path / "00" / "measured.json").write_bytes(content)
    with pytest.raises(nn.NNError, match=r"measured\.json: damaged"):
        runner.run(study(Counted()), Setting(), folder=tmp_path)


def test_the_command_keeps_what_is_unfinished_and_tidies_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, second = Counted(), Counted(interrupted=True)
    both = replace(
        study(first, second),
        columns={},
        advice=lambda results: [],
        answer=lambda results: "Yes.",
        figures=lambda results: [],
    )
    monkeypatch.setattr(registry, "get", lambda name: both)
    command = ["study", "toy", "--scale", "full", "--out", str(tmp_path)]
    assert main(command) == 130
    assert (tmp_path / "unfinished" / "00" / "measured.json").exists()
    assert not (tmp_path / "findings.json").exists()
    assert main(command) == 0
    assert (first.runs, second.runs) == (1, 1)
    assert (tmp_path / "findings.json").exists()
    assert not (tmp_path / "unfinished").exists()


def test_training_tells_how_far_it_is() -> None:
    shares: list[float] = []
    model = nn.Sequential([nn.Input((2,)), nn.Dense(1)], seed=0)
    model.compile("sgd", "mean_squared_error")
    x = np.zeros((8, 2), np.float32)
    history = training.fit(model, Setting(moved=shares.append), x, x[:, :1], batch_size=4, epochs=2)
    assert shares == [0.25, 0.5, 0.75, 1.0]
    assert len(history.epoch) == 2


class Stop(nn.Callback):
    """Interrupts a training at a step, as Ctrl-C does."""

    def __init__(self, at: int) -> None:
        self.at = at

    def on_step(self, step: nn.Step) -> None:
        if step.index == self.at:
            raise KeyboardInterrupt


def test_an_interrupted_training_goes_on_and_ends_in_the_same_bits(tmp_path: Path) -> None:
    x = np.random.default_rng(0).standard_normal((200, 2)).astype(np.float32)

    def train(setting: Setting, stop: int) -> tuple[nn.History, list[np.ndarray], list[int]]:
        seen: list[int] = []
        watch = nn.LambdaCallback(on_step=lambda step: seen.append(step.index))
        model = nn.Sequential([nn.Input((2,)), nn.Dense(3)], seed=0)
        model.compile("adam", "mean_squared_error")
        callbacks = [Stop(stop), watch]
        history = training.fit(
            model, setting, x, x[:, :1] * np.ones(3), batch_size=4, epochs=2, callbacks=callbacks
        )
        return history, model.get_weights(), seen

    whole, weights, _ = train(Setting(), 999)
    kept = Setting(folder=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        train(kept, 60)
    history, again, seen = train(kept, 999)
    assert seen[0] == 50
    assert history.history == whole.history
    assert all(np.array_equal(a, b) for a, b in zip(weights, again, strict=True))
