"""A device for whole trainings; and what the kernels take of each kind of GPU, as a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from nnscratch.kernels.cupy.device import on
from tests.cuda.device_array import transfers
from tests.cuda.emulator import EmulatedDevice


@pytest.fixture
def device() -> Iterator[EmulatedDevice]:
    """What backend="cupy" works on until the test is over."""
    emulated = EmulatedDevice(orders=["forward"])
    with on(emulated):
        transfers.clear()
        yield emulated


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The assembler's tables as one, largest first; what ran on the CPU as a line."""
    passed: list[Any] = terminalreporter.stats.get("passed", [])
    reports = [report for report in passed if "tests/cuda/" in report.nodeid]
    rows: dict[str, dict[str, tuple[int, int]]] = {}
    for report in reports:
        for kernel, value in report.user_properties:
            if isinstance(value, tuple | list):
                architecture, registers, spilled = value
                rows.setdefault(kernel, {})[architecture] = (registers, spilled)
    cases = sum("agrees_with_the_loops" in report.nodeid for report in reports)
    if not reports:
        return
    terminalreporter.section("CUDA kernels")
    columns = sorted({name for row in rows.values() for name in row}, key=lambda n: int(n[3:]))
    if rows:
        terminalreporter.line("registers of a thread, and bytes spilled where there are any")
        terminalreporter.line(" " * 44 + "".join(f"{name:>10}" for name in columns))
    for kernel, row in sorted(rows.items()):
        cells = [cell(*row[name]) if name in row else "" for name in columns]
        terminalreporter.line(f"{kernel:44}" + "".join(f"{text:>10}" for text in cells))
    terminalreporter.line(f"{len(rows)} kernels compiled; {cases} cases executed on the CPU")


def cell(registers: int, spilled: int) -> str:
    """A place of the table."""
    return f"{registers} !{spilled}" if spilled else str(registers)
