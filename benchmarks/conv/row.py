"""What is said of an algorithm for a layer in a direction, and of all of them together."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.conv.kernels import AUTO
from benchmarks.rivals import Compiled, against_compiled, without_nothing
from benchmarks.timing import geometric_mean

PASSED, FAILED, SKIPPED, MISTRUSTED = "PASSED", "FAILED", "SKIPPED", "MISTRUSTED"


@dataclass(frozen=True)
class Row:
    """Numbers of an algorithm. None: was not measured."""

    layer: str
    direction: str
    algorithm: str
    shape: str
    plain_3x3: bool
    """Whether the kernel is 3x3 and the strides are 1."""
    flop_per_byte: float
    """Of the direct sum; arguments and result count once."""
    status: str
    """PASSED; FAILED: too large an error; SKIPPED: cannot do it, or there is not the memory;
    MISTRUSTED: right, but its times, or peaks around them, are too far apart."""
    note: str = ""
    """Why it was not measured, or what cannot be trusted."""
    took: str | None = None
    """The algorithm that "auto" took."""
    max_rel_error: float | None = None
    """The largest error, over the largest number of the right result."""
    workspace_mib: float | None = None
    """Memory that it needs beyond arguments and result, where it works on one thread."""
    compile_s: float | None = None
    """By how much the first call took longer than the median, if it did."""
    median_ms: float | None = None
    p20_ms: float | None = None
    p80_ms: float | None = None
    gflops: float | None = None
    """By the operations of the direct sum."""
    peak_share: float | None = None
    """Of the fastest matrix product measured before and after, in operations per second."""
    torch_median_ms: float | None = None
    """In the better of its two layouts."""
    torch_layout: str | None = None
    speedup: float | None = None
    """PyTorch's median over this one."""
    compiled: Compiled | None = None
    """PyTorch where it compiled, on a GPU."""

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return without_nothing(dataclasses.asdict(self))


Summary = dict[str, float | None]


def summary(rows: Sequence[Row]) -> Summary:
    """The speedups of what a model takes; None where nothing was compared.

    Mistrusted rows count: leaving out what one does not believe is a way to choose.
    """
    auto = [row for row in rows if row.algorithm == AUTO and row.speedup is not None]
    speedups = [row.speedup for row in auto if row.speedup is not None]
    plain = [row.speedup for row in auto if row.plain_3x3 and row.speedup is not None]
    compiled = [row.compiled.speedup for row in auto if row.compiled]
    return {
        "geomean_speedup": geometric_mean(speedups),
        "geomean_speedup_3x3s1": geometric_mean(plain),
        "worst_speedup": min(speedups, default=None),
        **against_compiled(compiled),
    }
