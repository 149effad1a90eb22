"""What `fit` prints: a line per epoch, and on a terminal a bar while the epoch runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from shutil import get_terminal_size
from typing import TextIO, TypeVar

from nnscratch.training.callbacks import Callback, CallbackError, Logs

Clock = Callable[[], float]
Item = TypeVar("Item")

REFRESH_SECONDS = 0.1
"""The bar is drawn no more often: drawing takes its time from training."""


class Progress(Callback):
    """Prints a line per epoch: `Epoch 3/10 - 1.2s - loss: 0.1234 - accuracy: 0.9702`.

    On a terminal a bar stands there while the epoch runs, with the time that is left and the
    batch's logs, and a line that is longer than the terminal is broken between two logs.

    Args:
        verbose: "auto" or 1; 2 is without the bar.
        stream: where to print; None is the standard output when training begins.
        clock: the time in seconds.

    Raises:
        CallbackError: verbose is something else.
    """

    def __init__(
        self,
        verbose: str | int = "auto",
        stream: TextIO | None = None,
        clock: Clock = time.perf_counter,
    ):
        check_verbose(verbose, ("auto", 1, 2))
        self.verbose = verbose
        self.stream = stream
        self.clock = clock
        self._bar: Bar | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Look where the lines go to."""
        self._out = self.stream or sys.stdout
        self._on_terminal = self._out.isatty()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Start the clock and the bar."""
        self._title = f"Epoch {epoch + 1}/{self.params['epochs']}"
        self._start = self.clock()
        if self._on_terminal and self.verbose != 2:
            self._bar = Bar(self._title, self.params["steps"], self._out, self.clock)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Move the bar."""
        if self._bar:
            self._bar.move(batch + 1, " - ".join(log_texts(logs)))

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Say why the full bar stands still."""
        if self._bar:
            self._bar.move(self.params["steps"], "validating ...", at_once=True)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Replace the bar by the epoch's line."""
        self._remove_bar()
        parts = [self._title, duration_text(self.clock() - self._start), *log_texts(logs)]
        width = get_terminal_size().columns if self._on_terminal else None
        print(break_line(parts, width), file=self._out, flush=True)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Leave no bar behind when an epoch was cut short."""
        self._remove_bar()

    def _remove_bar(self) -> None:
        if self._bar:
            self._bar.remove()
            self._bar = None


class Bar:
    """A bar on a terminal. Rich draws it, and is imported only here.

    It has no thread of its own, which would take turns with training; it is drawn when it moves.
    """

    def __init__(self, title: str, steps: int | None, stream: TextIO, clock: Clock):
        from rich import progress
        from rich.console import Console
        from rich.table import Column

        self._progress = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(bar_width=20),
            progress.MofNCompleteColumn(),
            progress.TimeRemainingColumn(),
            progress.TextColumn(
                "{task.fields[text]}",
                markup=False,
                table_column=Column(no_wrap=True, overflow="ellipsis"),
            ),
            console=Console(file=stream),
            auto_refresh=False,
            transient=True,
            get_time=clock,
        )
        self._task = self._progress.add_task(title, total=steps, text="")
        self._clock = clock
        self._drawn = clock()
        self._progress.start()

    def move(self, done: int, text: str, at_once: bool = False) -> None:
        """Show that so many steps are done; unless at once, not if it was drawn a moment ago."""
        due = at_once or self._clock() - self._drawn >= REFRESH_SECONDS
        self._progress.update(self._task, completed=done, text=text, refresh=due)
        if due:
            self._drawn = self._clock()

    def remove(self) -> None:
        """Clear the line that it stands on."""
        self._progress.stop()


def with_bar(
    title: str, items: Iterable[Item], count: int | None, verbose: str | int
) -> Iterator[Item]:
    """The items, one after the other; meanwhile, on a terminal, a bar, unless verbose is 0 or 2.

    Of how many there are, None says that nobody knows.
    """
    check_verbose(verbose, ("auto", 0, 1, 2))
    if verbose in (0, 2) or not sys.stdout.isatty():
        yield from items
        return
    bar = Bar(title, count, sys.stdout, time.perf_counter)
    try:
        for number, item in enumerate(items):
            yield item
            bar.move(number + 1, "")
    finally:
        bar.remove()


def check_verbose(verbose: str | int, known: Sequence[str | int]) -> None:
    """Refuse what is no degree of talkativeness.

    Raises:
        CallbackError: it is not known.
    """
    if verbose not in known:
        raise CallbackError(f"verbose: expected 'auto', 0, 1 or 2, got {verbose!r}")


def log_texts(logs: Logs | None) -> list[str]:
    """Logs as people read them: four decimals, or an exponent where those say little."""
    return [
        f"{name}: {value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e5 else f"{name}: {value:.4e}"
        for name, value in (logs or {}).items()
    ]


def duration_text(seconds: float) -> str:
    """`42ms`, `1.2s` or `3m05s`."""
    if seconds < 1:
        return f"{1000 * seconds:.0f}ms"
    if seconds < 60:
        return f"{seconds:.1f}s"
    return f"{int(seconds) // 60}m{int(seconds) % 60:02d}s"


def break_line(parts: Sequence[str], width: int | None) -> str:
    """The parts in a line, joined by dashes; in as many as they need where a width is given."""
    lines = [parts[0]]
    for part in parts[1:]:
        longer = f"{lines[-1]} - {part}"
        if width is None or len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(f"  {part}")
    return "\n".join(lines)
