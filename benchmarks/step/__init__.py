"""Whole training steps: forward, backward and update, of five networks, with SGD and with Adam.

With --against torch the same networks in PyTorch, eager and in the better of its two layouts, take
turns with ours. Memory is what training takes at most above idle, in a process for each.

First it is counted what a step has to compute and to move, call by call. What the fastest matrix
product and the fastest copy of the same run allow for that is the least that a step can take.

With --backend cupy all of it is on a GPU, between the device's events. PyTorch has cuDNN in the
same precision, and is compiled besides, as CUDA graphs. Batches come from the machine's memory.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

from benchmarks import rivals
from benchmarks.gpu_peak import peak_on
from benchmarks.options import against, place, placed, threads, torch_on
from benchmarks.place import Place
from benchmarks.report import Body, Screen, cells, screen, shown
from benchmarks.rivals import Compiled, against_compiled, better, without_nothing
from benchmarks.step import peak_memory
from benchmarks.step.course import OURS, OwnCourse, course
from benchmarks.step.duty import Duty
from benchmarks.step.subjects import OPTIMIZERS, SUBJECTS
from benchmarks.timing import Effort, Times, by_turns, geometric_mean
from nnscratch.kernels.numba import parallel

TURN = 0.05
"""Seconds of the steps that are timed together, at least."""
MOST = 32
"""Steps that are timed together at most."""
MIB = 1 << 20


@dataclass(frozen=True)
class Row:
    """Numbers of a network with an optimizer. None: was not measured."""

    network: str
    optimizer: str
    batch: int
    status: str
    """PASSED, or MISTRUSTED: times are too far apart."""
    compile_s: float
    """The first step, beyond the median."""
    median_ms: float
    p20_ms: float
    p80_ms: float
    torch_median_ms: float | None = None
    torch_layout: str | None = None
    speedup: float | None = None
    peak_mib: float | None = None
    torch_peak_mib: float | None = None
    """In the layout that was the faster one."""
    gflop: Mapping[str, float] | None = None
    """Operations of a step, by part; convolutions by their direct sums."""
    gbytes: Mapping[str, float] | None = None
    """What it reads and writes, by part, each array of a call once."""
    least_ms: float | None = None
    """With every call at the lower of the two ceilings."""
    share: float | None = None
    """Of the least over the median."""
    compiled: Compiled | None = None
    """PyTorch where it compiled, on a GPU."""

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return without_nothing(dataclasses.asdict(self))


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--networks",
        nargs="+",
        choices=tuple(SUBJECTS),
        default=tuple(SUBJECTS),
        metavar="N",
        help=f"some of {', '.join(SUBJECTS)} (default: all)",
    )
    place(parser)
    against(parser)
    threads(parser)


def run(arguments: argparse.Namespace) -> Body:
    """Measure, print the table, and return everything."""
    on = placed(arguments)
    torch = torch_on(arguments, on)
    sides = (OURS, *rivals.sides(on.compiles)) if torch else (OURS,)
    peak = peak_on(on, torch)
    bandwidth = peak.gigabytes()
    rows: list[Row] = []
    with screen(len(arguments.networks) * len(OPTIMIZERS)) as out:
        out.print(HEADING)
        for name, optimizer in product(arguments.networks, OPTIMIZERS):
            out.begin(f"{name} {optimizer}")
            duty = counted(name, optimizer, on)
            peak.gflops()
            made = measure(name, optimizer, sides, on, Effort(turn=TURN, budget=20.0))
            peak.gflops()
            rows.append(against_ceilings(made, duty, peak.highest, bandwidth))
            out.print(line(rows[-1]))
            out.end()
        close(out, rows)
        out.print(f"\nfastest matrix product {peak.highest:.0f} GFLOP/s, copy {bandwidth:.0f} GB/s")
    return {
        "machine": {**on.facts, "peak_gflops": peak.highest, "copy_gb_per_s": bandwidth},
        "rows": [row.as_json() for row in rows],
        "summary": summary(rows),
    }


def counted(name: str, optimizer: str, on: Place) -> Duty:
    """What a step has to do there."""
    own = course(OURS, name, optimizer, steps=1, backend=on.backend)
    assert isinstance(own, OwnCourse)
    return Duty.of(own)


def measure(name: str, optimizer: str, sides: Sequence[str], on: Place, effort: Effort) -> Row:
    """Time the steps of all sides by turns, then measure what memory they take."""
    rivals.begin(sides)
    there = partial(course, backend=on.backend, device=on.torch_device)
    first = on.clock(there(OURS, name, optimizer, steps=1))
    trial = there(OURS, name, optimizer, steps=2)
    trial()
    steps = min(max(round(2 * effort.turn / on.clock(trial)), 1), MOST)
    times = {
        side: Times(*(seconds / steps for seconds in each))
        for side, each in by_turns(
            {side: there(side, name, optimizer, steps) for side in sides},
            effort,
            on.clock,
        ).items()
    }
    best = better(times)
    peaks = {
        side: peak_memory.measured(side, name, optimizer, parallel.threads(), on.backend) / MIB
        for side in (OURS, best)
        if side is not None and on.tells_memory
    }
    return row(name, optimizer, first, times, best, peaks)


def row(
    name: str,
    optimizer: str,
    first: float,
    times: Mapping[str, Times],
    best: str | None,
    peaks: Mapping[str, float],
) -> Row:
    """The row of what was measured; `best` is PyTorch's better layout."""
    ours, theirs = times[OURS], times[best] if best else None
    steady = ours.steady and (theirs is None or theirs.steady)
    return Row(
        network=name,
        optimizer=optimizer,
        batch=SUBJECTS[name].batch,
        status="PASSED" if steady else "MISTRUSTED",
        compile_s=max(first - ours.median, 0.0),
        median_ms=1e3 * ours.median,
        p20_ms=1e3 * ours.p20,
        p80_ms=1e3 * ours.p80,
        torch_median_ms=1e3 * theirs.median if theirs else None,
        torch_layout=best,
        speedup=theirs.median / ours.median if theirs else None,
        peak_mib=peaks.get(OURS),
        torch_peak_mib=peaks.get(best) if best else None,
        compiled=Compiled.of(times, 1e3 * ours.median),
    )


def against_ceilings(row: Row, duty: Duty, peak: float, bandwidth: float) -> Row:
    """The row with what the step has to do, and the share of what the machine allows."""
    least = 1e3 * duty.seconds(peak, bandwidth)
    return dataclasses.replace(
        row,
        gflop=duty.gflop(),
        gbytes=duty.gbytes(),
        least_ms=least,
        share=least / row.median_ms,
    )


def summary(rows: Sequence[Row]) -> dict[str, float | None]:
    """The speedups; None where nothing was compared."""
    speedups = [row.speedup for row in rows if row.speedup is not None]
    shares = [row.share for row in rows if row.share is not None]
    return {
        "geomean_share": geometric_mean(shares),
        "geomean_speedup": geometric_mean(speedups),
        "worst_speedup": min(speedups, default=None),
        **against_compiled([row.compiled.speedup for row in rows if row.compiled]),
    }


HEADING = (
    "training steps: milliseconds, MiB above idle; PyTorch in its better layout\n\n"
    f"{'network':<14}{'':<5}{'batch':>5}{'ms':>8}{'p20':>8}{'p80':>8}{'torch':>8}{'ratio':>6}"
    f"{'MiB':>8}{'torch':>8}"
)


def line(row: Row) -> str:
    """A row of the table."""
    times = cells(row.median_ms, row.p20_ms, row.p80_ms, row.torch_median_ms, form=".2f")
    memory = cells(row.peak_mib, row.torch_peak_mib, form=".1f")
    told = (
        f"{row.network:<14}{row.optimizer:<5}{row.batch:>5}"
        + "".join(f"{cell:>8}" for cell in times)
        + f"{cells(row.speedup, form='.2f')[0]:>6}"
        + "".join(f"{cell:>8}" for cell in memory)
    )
    if row.gflop and row.gbytes and row.least_ms is not None and row.share is not None:
        told += (
            f"\n  {sum(row.gflop.values()):.3g} GFLOP and {sum(row.gbytes.values()):.3g} GB: "
            f"{row.least_ms:.4g} ms at the least, {row.share:.0%} of the time"
        )
    if row.compiled:
        told += f"\n  {row.compiled}, ratio {row.compiled.speedup:.2f}"
    return told if row.status == "PASSED" else f"{told}\n  MISTRUSTED: times are far apart"


def close(out: Screen, rows: Sequence[Row]) -> None:
    """What comes of all of them."""
    compiling = sum(row.compile_s for row in rows)
    out.print(f"\ncompiling, or loading what was compiled: {compiling:.1f} s")
    out.print(f"\n{shown(summary(rows))}")
