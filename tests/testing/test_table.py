"""The table of all layers' gradients, and the exit status that goes with it."""

from __future__ import annotations

import numpy as np
import pytest

from nnscratch.core.errors import UnknownNameError
from nnscratch.core.layer import Layer
from nnscratch.testing import table
from nnscratch.testing.cases import CASES, Case
from nnscratch.testing.report import Verdict
from nnscratch.testing.table import gradcheck, run
from tests.backends import BACKEND
from tests.testing import wrong_layers


def set_cases(monkeypatch: pytest.MonkeyPatch, *layers: Layer) -> None:
    cases = tuple(Case(repr(layer), layer, ((4,),)) for layer in layers)
    monkeypatch.setattr(table, "CASES", cases)


def test_every_layer_and_parameter_has_a_passing_row() -> None:
    outcome = gradcheck(backend=BACKEND)
    assert outcome.ok
    rows = {(row.layer, row.name): row for row in outcome.rows}
    for case in CASES:
        layer = type(case.layer).__name__
        trained = [n for n, p in case.layer.spec(*case.in_shapes).params.items() if p.trainable]
        for name in ["input", *trained]:
            assert rows[layer, name].verdict is Verdict.PASSED
            assert rows[layer, name].error < 1e-6


def test_names_choose_layers_in_any_case_of_letters() -> None:
    rows = gradcheck(["conv2d", "Tanh"], "numpy").rows
    assert [(row.layer, row.name) for row in rows] == [
        ("Conv2D", "input"),
        ("Conv2D", "kernel"),
        ("Conv2D", "bias"),
        ("Tanh", "input"),
    ]


def test_an_unknown_layer_gets_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown layer 'Desne'.*Dense"):
        gradcheck(["Desne"], "numpy")


def test_an_unknown_backend_is_named_before_anything_runs() -> None:
    with pytest.raises(UnknownNameError, match="backend 'nunpy': did you mean 'numpy'"):
        gradcheck(["Dense"], "nunpy")


def test_all_cases_of_a_layer_share_a_row_that_shows_the_worst(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Linear(wrong_layers.WrongFactor):
        pass

    set_cases(monkeypatch, wrong_layers.Linear(), Linear(), wrong_layers.Linear())
    outcome = gradcheck(backend=BACKEND)
    rows = {row.name: row for row in outcome.rows}
    assert rows["kernel"].cases == 3
    assert rows["kernel"].verdict is Verdict.FAILED
    assert rows["kernel"].error == pytest.approx(0.5)
    assert rows["bias"].verdict is Verdict.PASSED
    assert len(outcome.problems) == 1


def test_passing_prints_a_table_of_80_columns_and_returns_0(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["BatchNormalization", "GlobalAveragePooling2D"], "numpy") == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    (row,) = [line for line in lines if "GlobalAveragePooling2D" in line]
    assert "input" in row
    assert "passed" in row


def test_a_failure_prints_both_numbers_and_returns_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_cases(monkeypatch, wrong_layers.Linear(), wrong_layers.WrongFactor())
    assert run(backend=BACKEND) == 1
    printed = capsys.readouterr().out
    assert "failed" in printed
    assert f"WrongFactor() on {BACKEND}: not passed" in printed
    assert "backward / differences = 2" in printed


def test_what_proves_nothing_does_not_return_0(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_cases(monkeypatch, wrong_layers.Flat(np.zeros_like))
    assert run(backend=BACKEND) == 1
    assert "inconclusive" in capsys.readouterr().out
