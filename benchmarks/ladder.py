"""One layer, from plain loops to the fastest algorithm: what each rung does, and what it brings.

A convolution with a 3x3 kernel from 64 to 64 channels on images of 56x56, forward. Plain loops
would take minutes for it: they get a layer that is cut down, and are compared by operations per
second. Each rung is checked against float64 first.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from threadpoolctl import threadpool_limits

from benchmarks.conv.case import Case
from benchmarks.conv.contest import TOLERANCE, relative_error
from benchmarks.conv.layers import Layer
from benchmarks.options import set_threads, threads
from benchmarks.peak import Peak
from benchmarks.report import Body, screen
from benchmarks.timing import Effort, Times, by_turns, once
from nnscratch.core.table import Table
from nnscratch.kernels.geometry import Window
from nnscratch.kernels.ops import Array

SAME = Window((3, 3), pads=((1, 1), (1, 1)))
LAYER = Layer("3x3", 4, (56, 56), 64, 64, SAME)
CUT_DOWN = Layer("3x3, cut down", 1, (8, 8), 16, 16, SAME)


EFFORT = Effort(warm=0.1, budget=20.0)
"""OpenBLAS's second thread, after NumPy's rung, keeps its core for some 30 ms."""


class Rung(NamedTuple):
    """A way to compute the layer."""

    name: str
    what: str
    work: Callable[[Case], Callable[[], Array]]


RUNGS = (
    Rung(
        "plain loops",
        "Python, a product at a time",
        lambda case: case.work_of("naive"),
    ),
    Rung(
        "im2col, NumPy",
        "every window a row: one matrix product, by BLAS",
        lambda case: case.work_of("numpy"),
    ),
    Rung(
        "im2col, Numba",
        "in blocks that stay in the cache, copied by compiled loops",
        lambda case: case.work("im2col"),
    ),
    Rung(
        "direct",
        "no windows: a micro-kernel reads the images as they lie",
        lambda case: case.work("direct"),
    ),
    Rung(
        "Winograd, 2x2",
        "16 products where there were 36",
        lambda case: case.work("winograd2"),
    ),
    Rung(
        "Winograd, 4x4",
        "36 products where there were 144",
        lambda case: case.work("winograd4"),
    ),
)


@dataclass(frozen=True)
class Step:
    """What was measured of a rung."""

    rung: Rung
    case: Case
    error: float
    times: Times
    peak: float
    """GFLOP/s of the fastest matrix product."""

    @property
    def gflops(self) -> float:
        """By the operations of the direct sum."""
        return 1e-9 * self.case.flop / self.times.median

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "rung": self.rung.name,
            "what": self.rung.what,
            "layer": str(self.case.layer),
            "median_ms": 1e3 * self.times.median,
            "gflops": self.gflops,
            "peak_share": self.gflops / self.peak,
            "max_rel_error": self.error,
            "status": "PASSED" if self.error <= TOLERANCE else "FAILED",
        }


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    threads(parser)


def run(arguments: argparse.Namespace) -> Body:
    """Measure, print the table, and return it."""
    number = set_threads(arguments)
    with screen() as out:
        out.begin("ladder")
        with threadpool_limits(number, "blas"):  # NumPy's own products
            steps = measure(LAYER, CUT_DOWN, Peak(), EFFORT)
        out.end()
    print(table(steps))
    return {
        "machine": {"threads": number, "peak_gflops": steps[0].peak},
        "rows": [step.as_json() for step in steps],
    }


def measure(layer: Layer, cut_down: Layer, peak: Peak, effort: Effort) -> list[Step]:
    """Check every rung, then time them: plain loops once, the others by turns."""
    whole, part = Case(layer, "forward"), Case(cut_down, "forward")
    cases = {rung.name: part if rung is RUNGS[0] else whole for rung in RUNGS}
    works = {rung.name: rung.work(cases[rung.name]) for rung in RUNGS}
    right = {case: case.oracle() for case in (whole, part)}
    errors = {name: relative_error(work(), right[cases[name]]) for name, work in works.items()}
    loops = works.pop(RUNGS[0].name)
    peak.gflops()
    times = {RUNGS[0].name: Times.of([once(loops)]), **by_turns(works, effort)}
    peak.gflops()
    return [
        Step(rung, cases[rung.name], errors[rung.name], times[rung.name], peak.highest)
        for rung in RUNGS
    ]


def table(steps: Sequence[Step]) -> Table:
    """A row for each rung, and below what each of them does."""
    rows = []
    for before, step in zip((None, *steps), steps, strict=False):
        faster = f"{step.gflops / before.gflops:.3g}" if before else ""
        milliseconds, share = 1e3 * step.times.median, 100 * step.gflops / step.peak
        measured = (f"{milliseconds:.2f}", f"{step.gflops:.3g}", f"{share:.3g} %", faster)
        rows.append((step.rung.name, *measured, f"{step.error:.0e}"))
    return Table(
        f"{steps[-1].case.layer}, from plain loops to the fastest",
        ("rung", "ms", "GFLOP/s", "of the peak", "times", "error"),
        rows,
        notes=(
            *(f"{step.rung.name}: {step.rung.what}" for step in steps),
            f"Plain loops had a smaller layer, {steps[0].case.layer}. GFLOP/s: by the operations "
            f"of the direct sum. Peak: the fastest matrix product, {steps[0].peak:.0f} GFLOP/s. "
            "Times: faster than the rung before. Error: the largest, over the largest output.",
        ),
    )
