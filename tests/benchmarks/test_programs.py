"""The programs in benchmarks/programs: what they say of themselves, and that it is so."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import benchmarks.programs
from benchmarks.doctor.program import Program, read
from benchmarks.doctor.score import fails
from benchmarks.doctor.training import prepare, train
from benchmarks.programs.data import load
from nnscratch.core.errors import UnknownNameError
from nnscratch.doctor.causes import CAUSES

(ROOT,) = benchmarks.programs.__path__
FOLDER = Path(ROOT)
FILES = sorted(FOLDER.glob("*/*.json"))
PLACES = {"data.x", "data.y", "loss", "optimizer", "metrics", "training"}
"""Where a fault may be, beside layers."""

each = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def twins(program: Program) -> list[str]:
    return ["fixed"] if program.buggy is None else ["fixed", "buggy"]


def test_every_cause_has_a_program() -> None:
    assert {read(file).category for file in FILES} == {*CAUSES, "none"}


def test_every_program_has_been_checked() -> None:
    with (FOLDER / "verified.csv").open(newline="") as file:
        checked = [row["id"] for row in csv.DictReader(file)]
    assert sorted(checked) == sorted(file.stem for file in FILES)


@each
def test_a_file(file: Path) -> None:
    program = read(file)
    assert program.id == file.stem
    assert file.parent.name == {"bug": "cases", "control": "controls"}[program.kind]
    if program.buggy is None:
        assert (program.category, program.also_accept, program.where) == ("none", (), ())
    else:
        assert program.category not in program.also_accept
        assert {program.category, *program.also_accept} <= {*CAUSES}
        assert program.buggy != program.fixed
        assert {*program.where} <= PLACES | {layer.name for layer in program.buggy.model.layers}


@each
def test_twins_build_and_fit_their_data(file: Path) -> None:
    program = read(file)
    for which in twins(program):
        model, data, twin = *vars(prepare(FOLDER, program, which)).values(), program.twin(which)
        assert bool(twin.validation_split) == (data.validation is not None)
        few = data.train.take(slice(3))
        assert model.predict(few.x, verbose=0, allow_nonfinite=True).shape[0] == len(few)
        assert np.isfinite(data.train.y).all()


def test_data_are_the_same_each_time() -> None:
    spec = json.loads((FOLDER / "cases" / "own-shuffled-labels.json").read_text())["buggy"]["data"]
    once, again = load(spec), load(spec)
    np.testing.assert_array_equal(once["x"], again["x"])
    np.testing.assert_array_equal(once["y"], again["y"])


def test_data_that_there_are_not() -> None:
    with pytest.raises(UnknownNameError, match="unknown data set 'moon': did you mean 'moons'"):
        load({"name": "moon", "params": {}, "preprocessing": []})
    with pytest.raises(UnknownNameError, match="unknown operation 'scale'"):
        load({"name": "moons", "params": {}, "preprocessing": [{"op": "scale"}]})


@pytest.mark.slow
@each
def test_a_buggy_twin_fails_and_a_fixed_one_learns(file: Path) -> None:
    program = read(file)
    fixed = train(FOLDER, program, "fixed").score
    assert fixed.value >= program.expect.fixed_ok
    if program.buggy is not None:
        assert fails(program.expect, train(FOLDER, program, "buggy").score, fixed)
