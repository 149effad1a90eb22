"""`python -m benchmarks doctor`: programs are trained, and told in rows."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import nnscratch as nn
from benchmarks import __main__ as command
from benchmarks.doctor import jobs
from benchmarks.doctor.data import code, data_of
from benchmarks.doctor.program import read
from benchmarks.doctor.training import prepare, train
from benchmarks.report import BenchmarkError
from nnscratch.kernels.numba import parallel
from tests.benchmarks.doctor_programs import chain, program, twin, write

UPHILL = twin(training_fault={"kind": "negate_gradients"})


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = parallel.threads()
    yield
    parallel.set_threads(before)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "uphill", program(UPHILL, id="uphill"))
    write(tmp_path, "well", program(id="well"))
    write(tmp_path, "never", program(id="never", fixed=UPHILL))
    write(tmp_path, "odd", program(id="odd", fixed=twin(data={"name": "trouble"})))
    numbers = tmp_path / "numbers.json"
    assert command.main(["doctor", str(tmp_path), "--json", str(numbers)]) == 0
    told = capsys.readouterr().out
    assert "data.py, which is the folder's own code" in told
    assert max(map(len, told.splitlines()[1:-1])) <= 80
    assert "4 programs: 1 of 1 buggy twins fail, 2 of 3 others learn, 1 errors" in told
    body = json.loads(numbers.read_text())
    rows = {row["id"]: row for row in body["rows"]}
    assert list(rows) == ["uphill", "never", "odd", "well"]
    assert rows["uphill"]["fails"] is rows["uphill"]["learns"] is rows["well"]["learns"] is True
    assert rows["never"]["learns"] is rows["never"]["as_expected"] is False
    assert rows["uphill"]["buggy_score"] <= rows["uphill"]["constant"] + 0.05
    assert rows["uphill"]["fixed_score"] == rows["well"]["fixed_score"] >= 0.9
    assert rows["well"]["fails"] is rows["well"]["buggy_score"] is None
    assert rows["odd"]["error"] == "RuntimeError: the disk is"
    assert not rows["odd"]["as_expected"]
    assert body["machine"]["threads"] == 1


def test_some_programs_with_another_seed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a1", "a2", "b1"):
        write(tmp_path, name, program(id=name))
    assert command.main(["doctor", str(tmp_path), "--only", "a*", "--seed", "1"]) == 0
    told = capsys.readouterr().out
    assert "a1 " in told
    assert "2 programs: 0 of 0 buggy twins fail, 2 of 2 others learn, 0 errors" in told
    assert command.main(["doctor", str(tmp_path), "--only", "c*"]) == 2
    assert "whose id matches 'c*', found none among 3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("x = 1", r"expected a function load\(spec\)"),
    ],
)
def test_a_folder_whose_code_does_not_run(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "data.py").write_text(text)
    with pytest.raises(BenchmarkError, match=message):
        code(tmp_path)
    assert not any("data" in name and str(tmp_path) in name for name in sys.modules)


@pytest.mark.process("other processes train")
def test_processes_tell_what_one_process_tells(tmp_path: Path) -> None:
    files = [write(tmp_path, name, program(id=name)) for name in ("a", "b")]
    files.append(write(tmp_path, "broken", {"kind": "bug"}))
    alone, several = (
        [
            (row.id, row.fixed_score, row.fixed_loss, row.error)
            for row in jobs.outcomes(tmp_path, files, 0, count)
        ]
        for count in (1, 2)
    )
    assert alone == several
    assert several[2][3] is not None
    assert "fault: expected an object, but it is missing" in several[2][3]


@pytest.mark.process("other processes train")
def test_nobody_waits_for_rows_that_nobody_wants(tmp_path: Path) -> None:
    long = program(fixed=twin(epochs=10**6))
    files = [write(tmp_path, "short", program()), write(tmp_path, "long", long)]
    rows = jobs.outcomes(tmp_path, files, 0, 2)
    assert next(rows).error is None
    rows.close()  # as Ctrl-C does: without an end to its process this would take hours


def test_a_program_trains_to_the_same_bits_again(tmp_path: Path) -> None:
    made = read(write(tmp_path, "a", program()))
    one, two, other = (train(tmp_path, made, "fixed", seed) for seed in (0, 0, 1))
    assert one.score == two.score
    assert one.history.history == two.history.history
    assert one.score.loss != other.score.loss
    assert one.model.seed == 3


def test_a_callback_sees_the_training(tmp_path: Path) -> None:
    steps: list[nn.Step] = []
    made = read(write(tmp_path, "a", program()))
    watch = nn.LambdaCallback(on_step=steps.append)
    trained = train(tmp_path, made, "fixed", callbacks=[watch])
    assert len(steps) == 4 * 10
    assert len(trained.data.train) == 30
    assert trained.model.iteration == 40


def test_the_last_rows_validate_unless_others_do(tmp_path: Path) -> None:
    made = read(write(tmp_path, "a", program(fixed=twin(validation_split=0.26))))
    data = data_of(tmp_path, made, "fixed")
    assert (len(data.train), len(data.part("val"))) == (29, 11)
    apart = read(write(tmp_path, "b", program(fixed=twin(data={"name": "apart"}))))
    data = data_of(tmp_path, apart, "fixed")
    assert (len(data.train), len(data.part("val"))) == (40, 5)
    none = read(write(tmp_path, "c", program(fixed=twin(validation_split=0))))
    with pytest.raises(BenchmarkError, match="expected rows to validate on"):
        data_of(tmp_path, none, "fixed").part("val")


def test_labels_of_the_fixed_twin_are_the_truth(tmp_path: Path) -> None:
    expect = {"task": "binary", "on": "train", "rule": "chance", "fixed_ok": 0.9}
    flipped = twin(data={"name": "flipped"})
    own = read(write(tmp_path, "own", program(flipped, expect=expect)))
    theirs = read(write(tmp_path, "theirs", program(flipped, expect={**expect, "truth": "fixed"})))
    score = train(tmp_path, own, "buggy").score.value
    assert score >= 0.9
    assert train(tmp_path, theirs, "buggy").score.value == pytest.approx(1 - score)


def test_targets_as_keras_reads_them(tmp_path: Path) -> None:
    wide = {"class": "Dense", "name": "out", "units": 3, "activation": "softmax"}
    sparse = twin(model=chain(wide), loss="sparse_categorical_crossentropy")
    made = read(write(tmp_path, "a", program(fixed=sparse)))
    (tmp_path / "data.py").write_text(
        "import numpy as np\n"
        "def load(spec):\n"
        "    x = np.zeros((4, 1), np.float32)\n"
        "    return {'x': x, 'y': np.array([[0.9], [1.0], [2.4], [0.0]], np.float32)}\n"
    )
    cut = prepare(tmp_path, made, "fixed").data.train.y
    assert cut.dtype == np.int64
    assert cut.ravel().tolist() == [0, 1, 2]
    squares = twin(model=chain(wide), loss="mean_squared_error")
    made = read(write_program(tmp_path, program(fixed=squares)))
    assert prepare(tmp_path, made, "fixed").data.train.y.shape == (3, 3)


def write_program(folder: Path, content: dict[str, object]) -> Path:
    """As `write`, but the folder's code stays."""
    file = folder / "controls" / "other.json"
    file.write_text(json.dumps(content))
    return file
