"""What a run over layers says in the terminal, at 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.conv.row import FAILED, SKIPPED, Row, Summary
from benchmarks.report import cells, counted, shown
from benchmarks.timing import geometric_mean

HEADINGS = ("algorithm", "ms", "p20", "p80", "GFLOP/s", "peak", "MiB", "error", "ratio", "status")
WIDTHS = (9, 7, 7, 7, 7, 5, 6, 7, 5, 10)
EXPLAINED = """\
ms         the median of a call; 20 % of them stay below p20, 80 % below p80
GFLOP/s    by the operations of the direct sum
peak       their share of the fastest matrix product
MiB        memory beyond arguments and result
error      the largest, over the largest output
ratio      PyTorch's median, in the better of its layouts, over this one
MISTRUSTED the times, or the peaks before and after, are far apart"""
WIDTH = 80
"""Of the terminal."""
WORST = 5
"""Rows that are named at the end."""


def line(texts: Sequence[str]) -> str:
    """A line of the table; the first and the last column are words."""
    first, *numbers, last = zip(texts, WIDTHS, strict=True)
    parts = [f"{first[0]:<{first[1]}}", *(f"{text:>{width}}" for text, width in numbers), last[0]]
    return " ".join(parts).rstrip()


def contest(rows: Sequence[Row]) -> str:
    """The rows of a layer in one direction, under its name."""
    row = rows[0]
    name = f"{row.layer} {row.direction.replace('_', ' ')}"
    title = f"{name:<46} {row.shape}"
    if len(title) > WIDTH:
        title = f"{name}\n  {row.shape}"
    compiled = [f"  {row.compiled}" for row in rows if row.compiled][:1]
    return "\n".join(["", title, *map(numbers, rows), *compiled])


def numbers(row: Row) -> str:
    """A row's line, or why there is none, and which algorithm "auto" took."""
    if row.status in (FAILED, SKIPPED):
        return f"{row.algorithm:<{WIDTHS[0]}} {row.status}: {row.note}"
    told = line(
        [
            row.algorithm,
            *map(milliseconds, (row.median_ms, row.p20_ms, row.p80_ms)),
            *cells(row.gflops, form=".1f"),
            *cells(row.peak_share, form=".0%"),
            *cells(row.workspace_mib, form=".1f"),
            *cells(row.max_rel_error, form=".0e"),
            *cells(row.speedup, form=".2f"),
            row.status,
        ]
    )
    return f"{told}\n  which is {row.took}" if row.took else told


def milliseconds(value: float | None) -> str:
    """A time with four digits, and none behind the point that nobody needs."""
    if value is None:
        return "-"
    return f"{value:.{max(4 - len(str(int(value))), 0)}f}"


def compiling(rows: Sequence[Row]) -> str:
    """How long first calls took beyond the others, by algorithm and direction."""
    times: dict[tuple[str, str], float] = {}
    for row in rows:
        key = row.algorithm, row.direction
        times[key] = times.get(key, 0.0) + (row.compile_s or 0.0)
    algorithms, directions = (list(dict.fromkeys(names)) for names in zip(*times, strict=True))
    lines = ["Compiling, or loading what was compiled, took so many seconds:"]
    lines.append(f"{'':<10}" + "".join(f"{name:>17}" for name in directions))
    for algorithm in algorithms:
        each = (f"{times.get((algorithm, direction), 0.0):>17.2f}" for direction in directions)
        lines.append(f"{algorithm:<10}" + "".join(each))
    return "\n".join(lines)


def roof(rows: Sequence[Row], peak: float, bandwidth: float) -> str:
    """How near "auto" comes to the lower of the two ceilings; for calls that find no cache full."""
    shares = [
        row.gflops / min(peak, row.flop_per_byte * bandwidth)
        for row in rows
        if row.algorithm == "auto" and row.gflops is not None
    ]
    if not shares:
        return "no row of auto was timed"
    told = [format(share, ".0%") for share in (geometric_mean(shares) or 0.0, min(shares))]
    return f"of what product and copy allow, auto reaches {told[0]} on average, {told[1]} at least"


def closing(rows: Sequence[Row], summary: Summary) -> str:
    """Everything together."""
    lines = ["", compiling(rows), "", counted([row.status for row in rows])]
    compared = sorted(
        (row for row in rows if row.algorithm == "auto" and row.speedup is not None),
        key=lambda row: row.speedup or 0.0,
    )
    if compared:
        lines += ["", "auto against PyTorch", shown(summary), "", "the slowest of them:"]
        lines += [f"{row.speedup:5.2f}  {row.layer} {row.direction}" for row in compared[:WORST]]
    return "\n".join(lines)
