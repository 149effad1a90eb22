"""How far a study is, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress


class Progress(Protocol):
    """Sees how far a study is."""

    def begin(self, variant: str) -> None:
        """A variant is about to be run."""

    def move(self, share: float) -> None:
        """This share of its training is through."""


class Silent:
    """Sees it, and says nothing."""

    def begin(self, variant: str) -> None:
        """Nothing."""

    def move(self, share: float) -> None:
        """Nothing."""


class Bar:
    """A bar of variants, which moves while one of them trains."""

    def __init__(self, bar: RichProgress, title: str, total: int):
        self._bar = bar
        self._title = title
        self._task = bar.add_task(title, total=total)
        self._begun = 0

    def begin(self, variant: str) -> None:
        """Show its name."""
        self._begun += 1
        self._bar.update(self._task, description=f"{self._title}: {variant}")
        self.move(0.0)

    def move(self, share: float) -> None:
        """Move on within the variant."""
        self._bar.update(self._task, completed=self._begun - 1 + share)


@contextmanager
def shown(console: Console, title: str, total: int) -> Iterator[Progress]:
    """A bar for so many variants; nothing where there is no terminal."""
    bar = RichProgress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        yield Bar(bar, title, total)
