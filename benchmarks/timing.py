"""How things are timed: by turns, so that whatever else the machine does meets all of them.

Some threads wait for their next work in a loop (OpenMP's, which PyTorch has, OpenBLAS's, and ours)
and take the cores from whoever comes next: of two threads one then shares a core with its caller,
for as long as a turn. So a turn begins with a rest, in which they fall asleep (OpenBLAS's only
after longer), and with calls that are not counted, which wake those that are wanted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

Work = Callable[[], object]
Clock = Callable[[Work], float]
"""Seconds of a call."""

SPREAD = 0.25
"""Times, or peaks, that are further apart than this share of their median are not believed."""


class Times(NamedTuple):
    """Seconds of one call: the median, and what 20 % and 80 % of the calls stay below."""

    median: float
    p20: float
    p80: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Times:
        """Of all calls that were counted."""
        p20, median, p80 = np.quantile(seconds, (0.2, 0.5, 0.8)).tolist()
        return cls(median, p20, p80)

    @property
    def steady(self) -> bool:
        """Whether they are close enough together for the median to be believed."""
        return self.p80 - self.p20 <= SPREAD * self.median


@dataclass(frozen=True)
class Effort:
    """How long is measured."""

    rounds: int = 8
    """Turns of each."""
    turn: float = 0.02
    """Seconds of the counted calls of a turn, one call at least."""
    most: int = 50
    """Counted calls of a turn at most."""
    rest: float = 0.01
    """Seconds without calls at the beginning of a turn."""
    warm: float = 0.005
    """Seconds of the calls then that are not counted, two calls at least, but of long calls."""
    budget: float = 6.0
    """Seconds for all turns: once they are over no further round begins."""
    fewest: int = 3
    """Turns of each in any case."""

    def calls(self, seconds: float) -> int:
        """How many calls of so many seconds are counted in a turn."""
        return min(max(round(self.turn / seconds), 1), self.most)

    def warming(self, seconds: float) -> int:
        """How many calls come before them: a single one of those that take 20 times as long."""
        return 1 if seconds > 20 * self.warm else max(2, min(round(self.warm / seconds), self.most))


DEFAULT = Effort()
BRIEF = Effort(rounds=1, turn=0.0, rest=0.0, warm=0.0)
"""Enough to see that something runs."""


def once(work: Work) -> float:
    """Seconds of a call, with giving back what it returns."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def by_turns(works: Mapping[str, Work], effort: Effort, clock: Clock = once) -> dict[str, Times]:
    """Call all of them by turns. Each must have been called before: nothing compiles here."""
    about = {name: min(clock(work), clock(work)) for name, work in works.items()}
    seconds: dict[str, list[float]] = {name: [] for name in works}
    names = list(works)
    end = time.perf_counter() + effort.budget
    for turn in range(effort.rounds):
        if turn >= effort.fewest and time.perf_counter() > end:
            break
        first = turn % max(len(names), 1)
        for name in names[first:] + names[:first]:
            time.sleep(effort.rest)
            for _ in range(effort.warming(about[name])):
                works[name]()
            seconds[name] += [clock(works[name]) for _ in range(effort.calls(about[name]))]
    return {name: Times.of(measured) for name, measured in seconds.items()}


def geometric_mean(ratios: Sequence[float]) -> float | None:
    """Of some ratios; None of none."""
    return float(np.exp(np.mean(np.log(ratios)))) if ratios else None
