"""What every benchmark hands on: a table of 80 columns, a JSON file, and how far it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any, TypeAlias

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from nnscratch.machine import machine

Body: TypeAlias = dict[str, Any]
"""What a benchmark measured, as JSON; "machine" and "versions" join what `document` says."""

VERSIONS = ("python", "nnscratch", "numpy", "numba")
"""Of what `machine` tells."""


class BenchmarkError(Exception):
    """What was asked for cannot be measured: told in one line."""


def document(body: Body, against: str | None = None) -> Body:
    """A benchmark's numbers beside the machine and the versions that they were measured on."""
    told = machine()
    versions = {name: told.pop(name) for name in VERSIONS}
    if against is not None:
        versions[against] = metadata.version(against)
    parts = {"machine": told, "versions": versions}
    return parts | body | {name: part | body.get(name, {}) for name, part in parts.items()}


def reserve(file: Path) -> None:
    """Make the file, empty, and its folder if need be: who cannot write should not measure.

    Raises:
        OSError: it cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    file.open("a").close()


def write(file: Path, body: Body, against: str | None = None) -> None:
    """Write that as JSON."""
    text = json.dumps(document(body, against), indent=1, allow_nan=False)
    file.write_text(text + "\n", encoding="utf-8")


class Screen:
    """Where a benchmark says what it has measured, and how far it is."""

    def __init__(self, console: Console, bar: Progress, total: int):
        self.console = console
        self.bar = bar
        self.task = bar.add_task("", total=total)

    def begin(self, what: str) -> None:
        """Name what is being measured."""
        self.bar.update(self.task, description=what, refresh=True)

    def end(self) -> None:
        """It is done."""
        self.bar.advance(self.task)
        self.bar.refresh()

    def print(self, text: object = "") -> None:
        """A line, or several, as they are."""
        self.console.print(str(text), highlight=False, markup=False, soft_wrap=True)


@contextmanager
def screen(total: int = 1) -> Iterator[Screen]:
    """A screen with a bar of so many pieces of work; without a terminal there is no bar."""
    console = Console()
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        auto_refresh=False,  # nothing else runs while something is measured
        disable=not console.is_terminal,
    )
    with bar:
        yield Screen(console, bar, total)


def cells(*values: float | None, form: str) -> list[str]:
    """Numbers in that format; a dash where there is none."""
    return ["-" if value is None else format(value, form) for value in values]


def counted(statuses: Sequence[str]) -> str:
    """How many there are of each: "40 PASSED, 2 SKIPPED"."""
    return ", ".join(f"{statuses.count(s)} {s}" for s in dict.fromkeys(sorted(statuses)))


def shown(summary: Mapping[str, float | None], form: str = ".2f") -> str:
    """A summary in lines of their own."""
    width = max(map(len, summary))
    return "\n".join(
        f"{name:<{width}}  {cell}"
        for name, value in summary.items()
        for cell in cells(value, form=form)
    )
