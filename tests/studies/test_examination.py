"""`nnscratch doctor`, on a toy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import nnscratch as nn
from nnscratch.cli import main
from nnscratch.studies import registry


def run(*options: str) -> int:
    return main(["doctor", "--backend", "numpy", *options])


def test_prints_the_cards_of_a_network_that_fails(
    toy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--example", toy) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "toy, zeros & co: two zero layers"
    assert "1. zero_or_constant_init (certain)" in lines
    assert max(map(len, lines)) <= 80


def test_a_long_change_is_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--example", "frozen-accuracy") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("frozen-accuracy, asker: pixels 0..255")
    assert lines[1].endswith("float64")
    assert max(map(len, lines)) <= 80


def test_of_a_healthy_network_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--example", "zero-init", "--variant", "no zeros") == 0
    assert "\nnothing found\n" in capsys.readouterr().out


def test_writes_a_page_and_json(toy: str, tmp_path: Path) -> None:
    page, told = tmp_path / "new" / "d.html", tmp_path / "d.json"
    assert run("--example", toy, "--html", str(page), "--json", str(told)) == 1
    assert "<h2>zero_or_constant_init" in page.read_text()
    assert json.loads(told.read_text())["outcome"]["steps"] == 45
    assert {path.name for path in tmp_path.rglob("*")} == {"new", "d.html", "d.json"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], f"doctor: which --example? One of {', '.join(registry.MODULES)}"),
        (["--example", "siames"], "did you mean 'siamese'?"),
        (["--example", "zero-init", "--variant", "no zero"], "did you mean 'no zeros'?"),
    ],
)
def test_what_it_does_not_know_is_told(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*options) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("step", [0, 20])
def test_ctrl_c_leaves_what_was_seen(
    step: int, toy: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(doctor: nn.Doctor, batch: int, logs: dict[str, float] | None = None) -> None:
        if batch == step:
            raise KeyboardInterrupt

    monkeypatch.setattr(nn.Doctor, "on_train_batch_begin", interrupt)
    assert run("--example", toy) == 130
    out, error = capsys.readouterr()
    assert error == "nnscratch: interrupted\n"
    assert ("interrupted after 20 of 45 steps" in out) == (step > 0)
