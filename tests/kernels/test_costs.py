"""The table of costs: measured, kept, read again, and heeded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import llvmlite.binding as llvm
import pytest

from nnscratch import kernels
from nnscratch.cli import main
from nnscratch.kernels.geometry import Window
from nnscratch.kernels.numba import parallel
from nnscratch.kernels.numba.conv import Shape, choice, costs, tune
from nnscratch.kernels.numba.conv.costs import MEASURED, TableError
from nnscratch.kernels.numba.microkernel.target import TARGET

SMALL = tune.Size(images=1, side=8, channels=16, wide=16, rounds=1)
SHAPE = Shape(32, (28, 28), 64, 64, Window((3, 3)), 1, 4)


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "costs.json"
    monkeypatch.setattr(costs, "own_table", lambda: path)
    return path


def test_a_table_comes_back_as_it_was_written(own: Path) -> None:
    assert costs.in_use() == costs.committed(llvm.get_host_cpu_name(), TARGET.name)
    other = MEASURED._replace(direct=1.5)
    costs.write(other, own)
    assert costs.in_use() == other
    assert [path.name for path in own.parent.iterdir()] == ["costs.json"]
    assert costs.digest(other) != costs.digest(MEASURED)


@pytest.mark.parametrize(
    ("name", "value"), [("direct", -1), ("direct", "1"), ("direct", None), ("more", 1.0)]
)
def test_what_is_no_table_is_refused(own: Path, name: str, value: object) -> None:
    own.parent.mkdir()
    own.write_text(json.dumps({**MEASURED.as_json(), name: value}))
    with pytest.raises(TableError, match=r"costs.json: not a table of costs .*nnscratch tune"):
        costs.in_use()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"winograd2": 1}'])
def test_a_damaged_file_is_refused(own: Path, text: str) -> None:
    own.parent.mkdir()
    own.write_text(text)
    with pytest.raises(TableError, match="not a table of costs"):
        costs.in_use()


def test_a_processor_may_have_costs_of_its_own() -> None:
    assert costs.committed("znver5", "avx512") == costs.ZEN5 != costs.WIDE
    assert costs.committed("sapphirerapids", "avx512") == costs.WIDE
    assert costs.committed("znver5", "avx2") == costs.COSTS["avx2"]


forward = choice.forward.__wrapped__
"""Which remembers nothing."""


def test_the_choice_heeds_the_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert forward(SHAPE, exact=False) == "winograd4"
    dear = MEASURED.winograd4._replace(channel=1e6)
    monkeypatch.setattr(choice, "CHOSEN", MEASURED._replace(winograd4=dear))
    assert forward(SHAPE, exact=False) == "winograd2"
    monkeypatch.setattr(choice, "CHOSEN", MEASURED._replace(direct=1e-9))
    assert forward(SHAPE, exact=False) == "direct"


def test_the_choice_counts_what_lies_inside_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    window = Window((3, 2), strides=(1, 2), dilation=(1, 2), pads=((1, 1), (0, 1)))
    inside = [0, 0]
    for axis, length in enumerate((4, 5)):
        size, stride, dilation, (before, _) = (part[axis] for part in window)
        for output in range(window.output_size((4, 5))[axis]):
            reads = (output * stride + cell * dilation - before for cell in range(size))
            inside[axis] += sum(0 <= place < length for place in reads)
    assert choice.pairs(window, (4, 5)) == tuple(inside)
    monkeypatch.setattr(choice, "CHOSEN", costs.WIDE)
    same = Window((3, 3), pads=((1, 1), (1, 1)))
    small = Shape(32, (2, 2), 512, 1024, same, 1, 4)
    assert forward(small, exact=False) == "direct"
    monkeypatch.setattr(choice, "pairs", lambda *_: (6, 6))  # if padding were read, too
    assert forward(small, exact=False) == "winograd2"


def test_tuning_measures_every_cost_and_leaves_the_threads_alone() -> None:
    before = parallel.threads()
    measured = tune.tune(SMALL)
    assert parallel.threads() == before
    flat = [cost for cost in measured if isinstance(cost, float)]
    assert min(*flat, *measured.winograd2, *measured.winograd4) > 0


def test_the_command_keeps_a_table(
    own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tune, "FULL", SMALL)
    assert main(["tune"]) == 0
    assert f"Wrote {own}" in capsys.readouterr().out
    assert costs.read(own).call == MEASURED.call


def test_a_backend_that_has_no_choice_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tune", "--backend", "numpy"]) == 2
    assert "one algorithm for each operation" in capsys.readouterr().err


def test_another_process_reads_it_and_a_run_would_know(tmp_path: Path) -> None:
    environment = os.environ | {"NNSCRATCH_CACHE_DIR": str(tmp_path)}
    folder = tmp_path / f"costs-{kernels.resolve('numba').facts['vector unit']}.json"
    costs.write(MEASURED._replace(direct=1.5), folder)
    program = (
        "from nnscratch.runs.environment import environment\n"
        "from nnscratch.backend import get_backend\n"
        "print(environment(get_backend())['costs of algorithms'])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout.strip() == costs.digest(MEASURED._replace(direct=1.5)), run.stderr
