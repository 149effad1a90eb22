"""After the tests: what the CUDA kernels take of each kind of GPU, and how many cases were run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

LAUNCHES = "launches"
"""What a case's test notes down: how many kernels were launched; none where it is all cuBLAS's."""

Row = dict[str, tuple[int, int]]
"""The registers of a thread and the bytes spilled, by architecture."""


def lines(reports: Iterable[Any]) -> Iterator[str]:
    """The lines to print after tests, of which these passed; none where none was of CUDA."""
    mine = [report for report in reports if "tests/cuda/" in report.nodeid]
    if not mine:
        return
    rows = table(mine)
    columns = sorted(
        {name for row in rows.values() for name in row}, key=lambda name: int(name[3:])
    )
    if rows:
        yield "registers of a thread, in the largest of a kernel's versions; !n: bytes spilled"
        yield " " * 40 + "".join(f"{name:>9}" for name in columns)
    for kernel, row in sorted(rows.items()):
        yield f"{kernel:40}" + "".join(f"{cell(row, name):>9}" for name in columns)
    cases = sum(dict(report.user_properties).get(LAUNCHES, 0) > 0 for report in mine)
    faults = sum("a_mistake_is_seen" in report.nodeid for report in mine)
    yield (
        f"{len(rows)} kernels compiled; {cases} cases executed on the CPU, each in three orders of "
        f"threads; {faults} mistakes seen"
    )


def table(reports: Iterable[Any]) -> dict[str, Row]:
    """What the tests of the compiler have noted down, by kernel: the most of all its versions."""
    rows: dict[str, Row] = {}
    for report in reports:
        for kernel, usage in report.user_properties:
            if kernel == LAUNCHES:
                continue
            architecture, registers, spilled = usage
            row = rows.setdefault(kernel, {})
            seen = row.get(architecture, (0, 0))
            row[architecture] = max(registers, seen[0]), max(spilled, seen[1])
    return rows


def cell(row: Row, architecture: str) -> str:
    """A place of the table."""
    if architecture not in row:
        return ""
    registers, spilled = row[architecture]
    return f"{registers} !{spilled}" if spilled else str(registers)
