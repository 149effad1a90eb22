"""Measuring on the side: a thread that looks at arrays while the training goes on.

Nothing that a step holds is ever overwritten. So what is to be known of an array may be found while
the next call is computed already, by a core that would wait: between two kernels, and during those
that are too small to be shared, all cores but one do.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, TypeVar

MOST = 2
"""Tasks that may wait, for they keep their arrays in memory. Who has more does them himself."""

Result = TypeVar("Result")


class Assistant:
    """A thread that does what it is given, in order. It starts with the first task."""

    def __init__(self) -> None:
        self._tasks: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def take(self, task: Callable[[], object]) -> bool:
        """Take over a task, which raises nothing; False if too many wait already."""
        if self._tasks.qsize() >= MOST:
            return False
        with self._starting:
            if self._thread is None:
                name = "nnscratch.aside"
                self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
                self._thread.start()
        self._tasks.put(task)
        return True

    def _serve(self) -> None:
        while True:
            self._tasks.get()()


_assistant = Assistant()


def _new_assistant() -> None:
    """A forked child has none of its parent's threads."""
    global _assistant
    _assistant = Assistant()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_assistant)


@dataclass(frozen=True, order=True)
class Outcome:
    """What came of an errand."""

    number: int
    then: Callable[[Any], object] = field(compare=False)
    result: Any = field(compare=False)
    error: BaseException | None = field(compare=False)

    def deliver(self) -> None:
        """Hand the result to whom it is for, or raise the error."""
        if self.error is not None:
            raise self.error
        self.then(self.result)


class Errands:
    """Work whose results are not needed before its end, done aside as far as there is time."""

    def __init__(self) -> None:
        self._outcomes: SimpleQueue[Outcome] = SimpleQueue()
        self._here: list[Outcome] = []
        self._given = 0

    def give(self, work: Callable[[], Result], then: Callable[[Result], object]) -> None:
        """Have some work done; `then` gets its result when the outcome is delivered."""
        number, outcomes = self._given, self._outcomes

        def task() -> None:
            try:
                outcomes.put(Outcome(number, then, work(), None))
            except BaseException as error:  # raised when the outcome is delivered
                outcomes.put(Outcome(number, then, None, error))

        if not _assistant.take(task):
            task()
        self._given += 1

    def wait(self) -> list[Outcome]:
        """All outcomes, in the order of the work. Who is interrupted may wait again."""
        while len(self._here) < self._given:
            self._here.append(self._outcomes.get())
        here, self._here, self._given = sorted(self._here), [], 0
        return here
