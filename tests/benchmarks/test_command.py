"""`python -m benchmarks`: options, files, exit status."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import __main__ as command
from benchmarks import bandwidth, batch, conv, ladder, options, report, start
from benchmarks.conv.layers import Layer
from benchmarks.host import Host
from benchmarks.peak import Peak
from benchmarks.timing import BRIEF, Times
from nnscratch.backend import get_backend
from nnscratch.kernels.geometry import Window
from nnscratch.kernels.numba import parallel

TINY = "layer,n,c,h,w,k,r,s,ph,pw,sh,sw\ntiny,2,3,6,6,4,3,3,1,1,1,1\n"
KEYS = {
    *("layer", "direction", "algorithm", "median_ms", "gflops", "torch_median_ms", "speedup"),
    *("max_rel_error", "workspace_mib", "status"),
}


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = parallel.threads()
    yield
    parallel.set_threads(before)
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(before)


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    contest = conv.Contest
    monkeypatch.setattr(conv, "peak_on", lambda *_: Peak(32, 1 << 12, 1))
    monkeypatch.setattr(conv, "Contest", lambda *given: contest(*given, BRIEF))


@pytest.mark.usefixtures("brief")
def test_convolutions_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shapes, numbers, picture = (tmp_path / name for name in ("tiny.csv", "a/tiny.json", "a/b.svg"))
    shapes.write_text(TINY)
    words = ["conv", "--shapes", str(shapes), "--directions", "forward", "kernel_gradient"]
    words += ["--algorithms", "direct", "auto", "--threads", "1"]
    assert command.main([*words, "--json", str(numbers), "--plot", str(picture)]) == 0
    document = json.loads(numbers.read_text())
    assert list(document) == ["machine", "versions", "rows", "summary"]
    assert [(row["direction"], row["algorithm"]) for row in document["rows"]] == [
        (direction, algorithm)
        for direction in ("forward", "kernel_gradient")
        for algorithm in ("direct", "auto")
    ]
    assert all(row.keys() >= KEYS for row in document["rows"])
    assert all(row["torch_median_ms"] is None for row in document["rows"])
    assert document["summary"] == {
        "geomean_speedup": None,
        "geomean_speedup_3x3s1": None,
        "worst_speedup": None,
    }
    assert document["machine"]["threads"] == parallel.threads() == 1
    assert {"processor", "peak_gflops", "copy_gb_per_s"} <= document["machine"].keys()
    assert set(document["versions"]) == {"python", "nnscratch", "numpy", "numba"}
    assert picture.read_text().startswith("<?xml")
    told = capsys.readouterr().out
    assert "tiny kernel gradient" in told
    assert f"Wrote {numbers}" in told


@pytest.mark.parity
@pytest.mark.usefixtures("brief")
def test_convolutions_against_pytorch(tmp_path: Path) -> None:
    shapes, numbers = tmp_path / "tiny.csv", tmp_path / "tiny.json"
    shapes.write_text(TINY)
    words = ["conv", "--shapes", str(shapes), "--against", "torch", "--threads", "1"]
    assert command.main([*words, "--json", str(numbers)]) == 0
    document = json.loads(numbers.read_text())
    assert document["versions"]["torch"].startswith("2.")
    rows = [row for row in document["rows"] if row["status"] != "SKIPPED"]
    ratios = [row["torch_median_ms"] / row["median_ms"] for row in rows]
    assert [row["speedup"] for row in rows] == pytest.approx(ratios)
    assert document["summary"]["worst_speedup"] > 0


def test_without_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(report.BenchmarkError, match=r"pip install 'nnscratch\[parity\]'"):
        options.torch_on(argparse.Namespace(against="torch"), Host())
    assert options.torch_on(argparse.Namespace(against=None), Host()) is None


def test_errors_are_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere.csv"
    assert command.main(["conv", "--shapes", str(nowhere)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"benchmarks conv: --shapes {nowhere}: ")
    assert error.count("\n") == 1


def test_who_cannot_write_does_not_measure(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[str] = []
    monkeypatch.setattr(command.memory, "measure", measured.append)
    assert command.main(["memory", "--json", str(tmp_path)]) == 2
    assert "directory" in capsys.readouterr().err
    assert not measured


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["conv", "--algorithms", "magic"], "invalid choice: 'magic'"),
        (["conv", "--directions", "up"], "invalid choice: 'up'"),
        (["conv", "--against", "us"], "invalid choice: 'us'"),
        (["conv", "--threads", "0"], "expected a whole number from 1 on, got '0'"),
        (["fast"], "invalid choice: 'fast'"),
        ([], "required: NAME"),
    ],
)
def test_words_that_mean_nothing(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(words)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(("status", "code"), [("PASSED", 0), ("MISTRUSTED", 0), ("FAILED", 1)])
def test_the_exit_status_tells_of_wrong_results(
    monkeypatch: pytest.MonkeyPatch, status: str, code: int
) -> None:
    made_up = SimpleNamespace(
        __doc__="Made up.",
        configure=lambda parser: None,
        run=lambda arguments: {"rows": [{"status": "PASSED"}, {"status": status}]},
    )
    monkeypatch.setattr(command, "BENCHMARKS", {"made-up": made_up})
    assert command.main(["made-up"]) == code


def test_every_benchmark_writes_its_numbers_beside_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "new" / "numbers.json"
    monkeypatch.setattr(command.memory, "measure", lambda backend: {"fit": 1 << 20})
    assert command.main(["memory", "--backend", "numpy", "--json", str(file)]) == 0
    document = json.loads(file.read_text())
    assert document["backend"] == "numpy"
    assert document["results"] == {"fit": 1 << 20}
    assert "processor" in document["machine"]
    assert "numpy" in document["versions"]


def test_the_ladder(monkeypatch: pytest.MonkeyPatch) -> None:
    same = Window((3, 3), pads=((1, 1), (1, 1)))
    whole, part = (Layer("a", n, (6, 6), 4, 4, same) for n in (2, 1))
    steps = ladder.measure(whole, part, Peak(32, 1 << 12, 1), BRIEF)
    assert [step.rung.name for step in steps] == [rung.name for rung in ladder.RUNGS]
    assert steps[0].case.layer == part
    assert all(step.case.layer == whole for step in steps[1:])
    assert all(step.as_json()["status"] == "PASSED" for step in steps)
    assert steps[2].gflops == pytest.approx(2e-9 * 2 * 36 * 36 * 4 / steps[2].times.median)
    told = str(ladder.table(steps))
    assert max(map(len, told.splitlines())) <= 80
    assert "Winograd, 4x4: 36 products where there were 144" in told


def test_the_share_of_the_bandwidth() -> None:
    memory, rows = bandwidth.measure(Host(), (2, 4, 4, 3), BRIEF)
    assert {"ReLU", "Adam", "batch norm, gradient"} <= {row["operation"] for row in rows}
    for row in rows:
        assert row["gb_s"] > 0
        assert row["share"] >= 0
    assert max(map(len, str(bandwidth.table(memory, rows, Host())).splitlines())) <= 80


def test_an_operation_moves_each_of_its_arrays_once() -> None:
    found = {s.name: s for s in bandwidth.subjects(get_backend("numpy"), (2, 4, 4, 3))}
    image, vector = 4 * 2 * 4 * 4 * 3, 4 * 3
    assert found["ReLU"].traffic() == (image, image)
    assert found["batch norm"].traffic() == (image + 4 * vector, image)
    assert found["max pooling"].traffic() == (image, image // 4 + image // 16)
    assert found["Adam"].traffic() == (3 * image, 3 * image)


def test_what_the_memory_needs() -> None:
    memory = bandwidth.Memory.of(reading=1.0, copying=3.0, size=10)
    assert memory == (0.1, 0.2)
    assert memory.seconds(20, 5) == pytest.approx(3.0)


def test_a_row_in_a_larger_batch() -> None:
    times = {1: Times(0.002, 0, 0), 8: Times(0.004, 0, 0), 64: Times(0.064, 0, 0)}
    rows = batch.rows_of("net", times)
    assert [row["row_ms"] for row in rows] == pytest.approx([2.0, 0.5, 1.0])
    assert [row["growth"] for row in rows] == [None, 0.25, 2.0]
    assert "2.00" in str(batch.table(rows)).splitlines()[6]


def test_steps_over_batches() -> None:
    rows = batch.measure("LeNet", (1, 2), BRIEF)
    assert [row["batch"] for row in rows] == [1, 2]
    assert all(row["step_ms"] > 0 for row in rows)


def test_starting(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    seconds = iter([0.0, 0.3, 0.1, 0.2, 30.0, 1.0, 3.0, 2.0])
    scripts: list[str] = []

    def made_up(script: str, folder: Path) -> float:
        assert not list(folder.iterdir())
        scripts.append(script)
        return next(seconds)

    monkeypatch.setattr(start, "in_new_process", made_up)
    body = start.run(argparse.Namespace(times=3))
    assert body["summary"] == {
        "import_s": 0.2,
        "cold_first_step_s": 30.0,
        "warm_first_step_s": 2.0,
    }
    assert scripts == [start.EVERYTHING, *[start.IMPORT] * 3, *[start.STEP] * 4]
    assert "cold_first_step_s  30.00" in capsys.readouterr().out


def test_a_new_process(tmp_path: Path) -> None:
    assert 0 < start.in_new_process(start.IMPORT, tmp_path) < 60
    told = "import os; print(float('PYTHONDONTWRITEBYTECODE' in os.environ))"
    assert start.in_new_process(told, tmp_path) == 0.0
    script = "import os; assert os.environ['NNSCRATCH_CACHE_DIR'] == ''"
    with pytest.raises(report.BenchmarkError, match=r"status 1: AssertionError$"):
        start.in_new_process(script, tmp_path)


def test_no_bar_is_redrawn_while_something_is_measured() -> None:
    with report.screen(total=2) as out:
        assert not out.bar.live.auto_refresh
        out.begin("a")
        out.end()
        assert (out.bar.tasks[0].description, out.bar.tasks[0].completed) == ("a", 1)
