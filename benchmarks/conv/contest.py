"""All algorithms for a layer in a direction: first whether they are right, then how fast."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType

import numpy as np

from benchmarks.conv.case import Case
from benchmarks.conv.kernels import AUTO
from benchmarks.conv.kernels import TOLERANCE as TOLERANCE
from benchmarks.conv.row import FAILED, MISTRUSTED, PASSED, SKIPPED, Row
from benchmarks.conv.torch_conv import works as torch_works
from benchmarks.host import Host
from benchmarks.peak import Peak
from benchmarks.place import Place
from benchmarks.rivals import Compiled, better
from benchmarks.timing import DEFAULT, SPREAD, Effort, Times, by_turns
from nnscratch.backend import get_backend
from nnscratch.kernels.ops import Array

COPIES = 6
"""Arrays that a comparison holds at once, for each of a layer's: in float64, and PyTorch's."""
MIB = 1 << 20


@dataclass(frozen=True)
class Contest:
    """What is measured, against what, for how long."""

    algorithms: Sequence[str]
    peak: Peak
    torch: ModuleType | None = None
    place: Place = field(default_factory=Host)
    effort: Effort = DEFAULT

    def rows(self, case: Case) -> list[Row]:
        """A row for each algorithm."""
        if (needed := COPIES * case.bytes) > (free := free_memory()):
            note = f"needs {needed / MIB:.0f} MiB, {free / MIB:.0f} are free"
            return [blank(case, name, SKIPPED, note) for name in self.algorithms]
        right = case.oracle()
        rows = {name: examined(case, name, right, self.place) for name in self.algorithms}
        del right
        ours = {name: case.work(name) for name, row in rows.items() if row.status == PASSED}
        theirs = torch_works(self.torch, case, self.place) if self.torch and ours else {}
        before = self.peak.gflops()
        times = by_turns({**ours, **theirs}, self.effort, self.place.clock)
        peaks = (before, self.peak.gflops())
        for name in ours:
            rows[name] = timed(rows[name], case, times[name], peaks)
            if theirs:
                rows[name] = compared(rows[name], {layout: times[layout] for layout in theirs})
        return list(rows.values())


def blank(case: Case, algorithm: str, status: str, note: str = "") -> Row:
    """A row without numbers."""
    layer = case.layer
    return Row(
        layer=layer.name,
        direction=case.name,
        algorithm=algorithm,
        shape=str(layer),
        plain_3x3=layer.plain_3x3,
        flop_per_byte=case.flop / case.bytes,
        status=status,
        note=note,
        took=case.chosen() if algorithm == AUTO else None,
    )


def examined(case: Case, algorithm: str, right: Array, place: Place) -> Row:
    """Whether it can do it, and is right."""
    if not case.fits(algorithm):
        return blank(case, algorithm, SKIPPED, "does not fit the shape or direction")
    work = case.work(algorithm)
    try:
        first = place.clock(work)
        made, workspace = place.traced(work)
        result = get_backend(case.kernels.backend).to_host(made)
    except MemoryError as lack:
        return blank(case, algorithm, SKIPPED, f"out of memory: {lack}")
    error = relative_error(result, right)
    allowed = case.kernels.tolerance
    passed = error <= allowed  # so that NaN fails
    note = "" if passed else f"error {error:.1e}, allowed are {allowed:.0e}"
    return replace(
        blank(case, algorithm, PASSED if passed else FAILED, note),
        max_rel_error=error if np.isfinite(error) else None,
        workspace_mib=workspace / MIB,
        compile_s=first,
    )


def relative_error(result: Array, right: Array) -> float:
    """The largest error over the largest number of the right result."""
    if result.shape != right.shape:
        return float("inf")
    scale = np.abs(right).max(initial=0.0) or 1.0
    return float(np.abs(result - right).max(initial=0.0) / scale)


def timed(row: Row, case: Case, times: Times, peaks: tuple[float, float]) -> Row:
    """The row with its times, and whether they are to be trusted."""
    doubts = [] if times.steady else ["its times are far apart"]
    if max(peaks) - min(peaks) > SPREAD * max(peaks):
        doubts.append(f"the peak was {peaks[0]:.0f} GFLOP/s before, {peaks[1]:.0f} after")
    gflops = 1e-9 * case.flop / times.median
    return replace(
        row,
        status=MISTRUSTED if doubts else row.status,
        note="; ".join(filter(None, (row.note, *doubts))),
        compile_s=max((row.compile_s or 0.0) - times.median, 0.0),
        median_ms=1e3 * times.median,
        p20_ms=1e3 * times.p20,
        p80_ms=1e3 * times.p80,
        gflops=gflops,
        peak_share=gflops / max(peaks),
    )


def compared(row: Row, theirs: Mapping[str, Times]) -> Row:
    """The row with PyTorch's time in its better layout."""
    layout = better(theirs)
    assert layout is not None
    best = theirs[layout]
    trusted = best.steady or row.status == MISTRUSTED
    doubt = "" if trusted else "PyTorch's times are far apart"
    return replace(
        row,
        status=row.status if trusted else MISTRUSTED,
        note="; ".join(filter(None, (row.note, doubt))),
        torch_median_ms=1e3 * best.median,
        torch_layout=layout,
        speedup=1e3 * best.median / row.median_ms if row.median_ms else None,
        compiled=Compiled.of(theirs, row.median_ms) if row.median_ms else None,
    )


def free_memory() -> int:
    """Bytes that may still be used: what Linux reports as available, elsewhere all there are."""
    if os.path.exists("/proc/meminfo"):
        with open("/proc/meminfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) << 10
    return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
