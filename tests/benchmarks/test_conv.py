"""What is said of an algorithm: right or not, how fast, and against whom."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from benchmarks import rivals
from benchmarks.conv import case as cases
from benchmarks.conv import contest as contests
from benchmarks.conv import plot, table
from benchmarks.conv.case import DIRECTIONS, Case
from benchmarks.conv.contest import Contest, blank, compared, relative_error, timed
from benchmarks.conv.kernels import AUTO, NUMBA
from benchmarks.conv.layers import Layer
from benchmarks.conv.row import FAILED, MISTRUSTED, PASSED, SKIPPED, Row, summary
from benchmarks.host import Host
from benchmarks.peak import Peak
from benchmarks.report import BenchmarkError
from benchmarks.timing import BRIEF, Times
from nnscratch.kernels import resolve
from nnscratch.kernels.geometry import Window
from nnscratch.kernels.numba import parallel
from nnscratch.kernels.numba.conv import ALGORITHMS

PLAIN = Layer("plain", 2, (6, 7), 3, 4, Window((3, 3), pads=((1, 1), (1, 1))))
STRIDED = Layer("strided", 3, (7, 6), 2, 3, Window((3, 2), (2, 1), (1, 1), ((1, 1), (0, 0))))


@pytest.fixture(scope="module")
def peak() -> Peak:
    return Peak(side=32, copied=1 << 12, calls=1)


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call takes 2 ms; PyTorch's contiguous ones 3, the others 5."""

    def times(works: dict[str, Any], effort: object, clock: object) -> dict[str, Times]:
        for work in works.values():
            work()
        milliseconds = {"torch contiguous": 3.0, "torch channels_last": 5.0}
        return {name: Times(*(1e-3 * milliseconds.get(name, 2.0),) * 3) for name in works}

    monkeypatch.setattr(contests, "by_turns", times)
    monkeypatch.setattr(Peak, "gflops", lambda self: 0.01)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("layer", [PLAIN, STRIDED], ids=str)
def test_the_oracle_takes_some_images_at_a_time(
    monkeypatch: pytest.MonkeyPatch, layer: Layer, direction: str
) -> None:
    case = Case(layer, direction)
    doubled = [a.astype(np.float64) if isinstance(a, np.ndarray) else a for a in case.arguments]
    right = getattr(resolve("naive").ops, case.direction.operation)(*doubled)
    for together in (1, 1 << 28):
        monkeypatch.setattr(cases, "ORACLE_BYTES", together)
        assert case.oracle().dtype == np.float64
        np.testing.assert_allclose(case.oracle(), right, rtol=0, atol=1e-12 * np.abs(right).max())


@pytest.mark.usefixtures("steady")
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_every_algorithm_passes_where_it_fits(peak: Peak, direction: str) -> None:
    rows = {row.algorithm: row for row in Contest(NUMBA.names, peak).rows(Case(PLAIN, direction))}
    skipped = {"depthwise", "product"} | ({"planes"} if direction != "input_gradient" else set())
    assert {name for name, row in rows.items() if row.status == SKIPPED} == skipped
    assert {row.status for name, row in rows.items() if name not in skipped} == {PASSED}
    row = rows["im2col"]
    flop = 2 * (2 * 6 * 7) * (3 * 3 * 3) * 4
    assert row.gflops == pytest.approx(flop / 2e-3 / 1e9)
    assert row.peak_share == pytest.approx(flop / 2e-3 / 1e7)
    assert row.max_rel_error is not None
    assert row.max_rel_error < 1e-5
    assert row.took is None
    assert rows[AUTO].took in ALGORITHMS
    assert row.speedup is None


@pytest.mark.usefixtures("steady")
def test_what_does_not_fit_is_skipped(peak: Peak) -> None:
    rows = Contest(NUMBA.names, peak).rows(Case(STRIDED, "forward"))
    skipped = {row.algorithm for row in rows if row.status == SKIPPED}
    assert skipped == {"depthwise", "product", "planes", "winograd2", "winograd4"}
    assert all(row.median_ms is None for row in rows if row.status == SKIPPED)


@pytest.mark.parametrize("error", [0.001, np.nan])
@pytest.mark.usefixtures("steady")
def test_a_wrong_algorithm_fails_and_is_not_timed(peak: Peak, error: float) -> None:
    direct = ALGORITHMS["direct"]

    def broken(*arguments: Any) -> Any:
        y = direct.conv2d(*arguments)
        y[0, 0, 0, 0] += error * np.abs(y).max()
        return y

    replaced = MappingProxyType({**ALGORITHMS, "direct": direct._replace(conv2d=broken)})
    kernels = dataclasses.replace(NUMBA, algorithms=replaced)
    im2col, wrong = Contest(("im2col", "direct"), peak).rows(Case(PLAIN, "forward", kernels))
    assert (im2col.status, wrong.status) == (PASSED, FAILED)
    assert wrong.median_ms is None
    assert "allowed are 5e-05" in wrong.note
    assert "FAILED: error" in table.contest([im2col, wrong])
    json.dumps(wrong.as_json(), allow_nan=False)


@pytest.mark.usefixtures("steady")
def test_what_there_is_no_memory_for_is_skipped(
    monkeypatch: pytest.MonkeyPatch, peak: Peak
) -> None:
    monkeypatch.setattr(contests, "free_memory", lambda: 0)
    (row,) = Contest(["im2col"], peak).rows(Case(PLAIN, "forward"))
    assert row.status == SKIPPED
    assert row.note == "needs 0 MiB, 0 are free"

    def greedy(*arguments: Any) -> Any:
        raise MemoryError("no more")

    monkeypatch.undo()
    hungry = ALGORITHMS["im2col"]._replace(conv2d=greedy)
    kernels = dataclasses.replace(NUMBA, algorithms={"im2col": hungry})
    (row,) = Contest(["im2col"], peak).rows(Case(PLAIN, "forward", kernels))
    assert (row.status, row.note) == (SKIPPED, "out of memory: no more")


def test_a_layer_of_any_size_can_be_skipped() -> None:
    huge = Layer("huge", 1 << 20, (1 << 12, 1 << 12), 64, 64, PLAIN.window)
    row = blank(Case(huge, "forward"), "im2col", SKIPPED)
    assert row.flop_per_byte == pytest.approx(2 * 9 * 64 * 64 / (4 * 128), rel=1e-3)


def test_errors_are_relative_to_the_largest_output() -> None:
    right = np.array([1.0, -4.0])
    assert relative_error(np.array([1.0, -4.0]), right) == 0
    assert relative_error(np.array([1.2, -4.0]), right) == pytest.approx(0.05)
    assert relative_error(np.array([1.0]), right) == np.inf
    assert np.isnan(relative_error(np.array([np.nan, -4.0]), right))
    assert relative_error(np.zeros(2), np.zeros(2)) == 0


def test_workspace_is_what_a_call_needs_beside_its_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def work() -> Any:
        return np.concatenate([np.ones(1 << 18), np.ones(1 << 18)])

    threads = parallel.threads() + 1
    monkeypatch.setattr(parallel, "_threads", threads)
    result, extra = Host().traced(work)
    assert result.nbytes == 1 << 22
    assert extra == pytest.approx(1 << 22, rel=0.01)
    assert parallel.threads() == threads


def test_a_defect_is_not_taken_for_a_lack_of_memory() -> None:
    def defect() -> Any:
        raise ZeroDivisionError("defect")

    with pytest.raises(ZeroDivisionError, match="defect"):
        Host().traced(defect)


# -- trust -----------------------------------------------------------------------------------------

ROW = blank(Case(PLAIN, "forward"), AUTO, PASSED)


@pytest.mark.parametrize(
    ("times", "peaks", "status"),
    [
        (Times(1.0, 0.9, 1.1), (90.0, 100.0), PASSED),
        (Times(1.0, 0.8, 1.1), (90.0, 100.0), MISTRUSTED),
        (Times(1.0, 0.9, 1.1), (100.0, 70.0), MISTRUSTED),
    ],
)
def test_times_and_peaks_that_are_far_apart_are_not_trusted(
    times: Times, peaks: tuple[float, float], status: str
) -> None:
    row = timed(ROW, Case(PLAIN, "forward"), times, peaks)
    assert row.status == status
    assert bool(row.note) == (status == MISTRUSTED)
    assert (row.median_ms, row.p20_ms, row.p80_ms) == tuple(1e3 * t for t in times)


def test_compiling_is_what_the_first_call_took_longer() -> None:
    case = Case(PLAIN, "forward")
    first = dataclasses.replace(ROW, compile_s=3.5)
    assert timed(first, case, Times(0.5, 0.5, 0.5), (1.0, 1.0)).compile_s == 3.0
    assert timed(first, case, Times(4.0, 4.0, 4.0), (1.0, 1.0)).compile_s == 0.0


def test_the_better_layout_is_compared_with() -> None:
    row = dataclasses.replace(ROW, median_ms=2.0)
    slow, fast = rivals.EAGER
    layouts = {slow: Times(0.005, 0.001, 0.009), fast: Times(0.003, 0.003, 0.003)}
    better = compared(row, layouts)
    assert (better.torch_layout, better.torch_median_ms) == (fast, 3.0)
    assert better.speedup == pytest.approx(1.5)
    assert better.status == PASSED
    layouts[fast] = Times(0.003, 0.001, 0.004)
    assert compared(row, layouts).status == MISTRUSTED


# -- everything together ---------------------------------------------------------------------------


def made_up(layer: str, speedup: float | None, **changes: Any) -> Row:
    row = dataclasses.replace(
        ROW, layer=layer, median_ms=1.0, p20_ms=1.0, p80_ms=1.0, gflops=5.0, peak_share=0.5
    )
    return dataclasses.replace(row, speedup=speedup, **changes)


ROWS = [
    made_up("a", 2.0),
    made_up("a", 100.0, algorithm="direct"),
    made_up("b", 8.0, status=MISTRUSTED),
    made_up("c", 0.5, plain_3x3=False),
    made_up("d", None, status=SKIPPED, median_ms=None),
]


def test_the_summary_is_of_what_a_model_takes() -> None:
    assert summary(ROWS) == {
        "geomean_speedup": pytest.approx(2.0),
        "geomean_speedup_3x3s1": pytest.approx(4.0),
        "worst_speedup": 0.5,
    }
    assert summary(ROWS[1:2]) == {
        "geomean_speedup": None,
        "geomean_speedup_3x3s1": None,
        "worst_speedup": None,
    }


def test_tables_fit_80_columns() -> None:
    long = made_up(
        "resnet50_v1.5/res5a_branch2b_s2",
        12.34,
        direction="kernel_gradient",
        median_ms=12345.678,
        p20_ms=12345.678,
        p80_ms=12345.678,
        gflops=1234.5,
        workspace_mib=1234.5,
        max_rel_error=1e-5,
        status=MISTRUSTED,
        took="winograd4",
    )
    told = table.contest([long, made_up("a", None, status=SKIPPED, note="because")])
    text = "\n".join([table.line(table.HEADINGS), table.EXPLAINED, told])
    text += table.closing([long, *ROWS], summary([long, *ROWS]))
    assert max(map(len, text.splitlines())) <= 80
    assert "which is winograd4" in text
    assert "SKIPPED: because" in text
    assert " 0.50  c forward" in text
    assert "1 PASSED" not in text
    assert "3 PASSED" in text


def test_the_fastest_is_drawn_where_auto_was_not_asked_for() -> None:
    direct = [
        made_up("a", None, algorithm="direct", median_ms=2.0),
        made_up("a", None, algorithm="im2col", median_ms=1.0),
        made_up("b", None, algorithm="direct", median_ms=None, status=SKIPPED),
    ]
    assert plot.fastest(direct) == [direct[1]]
    auto = made_up("a", None, median_ms=3.0)
    assert plot.fastest([*direct, auto]) == [auto]
    assert plot.fastest(ROWS[:3]) == [ROWS[0], ROWS[2]]
    figure = plot.draw(ROWS[:4], peak=100.0, bandwidth=10.0)
    bars, roofline = figure.axes
    assert [len(container) for container in bars.containers] == [3, 3]
    assert [bar.get_width() for bar in bars.containers[1]] == [2.5, 5.0 / 8, 10.0]
    assert roofline.get_xscale() == "log"


def test_nothing_to_draw_and_no_such_format(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="no row was timed"):
        plot.draw(ROWS[4:], 100.0, 10.0)
    with pytest.raises(BenchmarkError, match=r"a\.bmpx: its name should end in .*png"):
        plot.check(tmp_path / "a.bmpx")
    plot.check(tmp_path / "new" / "a.png")
    assert (tmp_path / "new" / "a.png").exists()


def test_what_the_machine_can_do(peak: Peak) -> None:
    first = peak.gflops()
    assert 0 < first <= peak.highest
    assert peak.gigabytes() > 0
    np.testing.assert_allclose(peak.ours()[0, 0], peak.numpys(), rtol=1e-5, atol=1e-5)


@pytest.mark.parity
@pytest.mark.parametrize("layout", ["contiguous", "channels_last"])
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("layer", [PLAIN, STRIDED], ids=str)
def test_pytorch_computes_the_same(layer: Layer, direction: str, layout: str) -> None:
    import torch

    from benchmarks.conv.torch_conv import work

    case = Case(layer, direction)
    result = work(torch, case, f"torch {layout}")().numpy()
    order = (2, 3, 1, 0) if direction == "kernel_gradient" else (0, 2, 3, 1)
    assert relative_error(result.transpose(order), case.oracle()) < 1e-6


@pytest.mark.parity
@pytest.mark.usefixtures("steady")
def test_against_pytorch(peak: Peak) -> None:
    import torch

    contest = Contest(("im2col", AUTO), peak, torch, effort=BRIEF)
    for row in contest.rows(Case(PLAIN, "kernel_gradient")):
        assert row.speedup == pytest.approx(1.5)
        assert row.torch_layout == "torch contiguous"
