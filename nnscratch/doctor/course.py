"""Course: how the training went, step by step; closer looks are taken at ever rarer steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from nnscratch.core.step import Step
from nnscratch.core.store import host
from nnscratch.core.tape import labels
from nnscratch.inspect import units
from nnscratch.inspect.ledger import Ledger
from nnscratch.kernels.ops import STATISTICS, Array, Ops

GROWTH = 1.25
"""Between looks, steps grow by this factor: a run of any length is looked at about as often at
its beginning, where most faults show, and ten times per tenfold number of steps after it."""
BOOKED = 0.03
"""Share of the steps that may be booked in the ledger: each is computed once more for it."""
NORM = STATISTICS.index("norm")


@dataclass(frozen=True)
class Pace:
    """How far one step moved the trained weights."""

    index: int
    paths: tuple[str, ...]
    value: Array
    """Norm of each weight before the step, (weights,) as are the others."""
    gradient: Array
    update: Array
    distinct: Mapping[str, int]
    """Units that differ from each other, of each kernel of which some began equal."""

    @property
    def pulls(self) -> Mapping[str, float]:
        """|gradient| / |value| of each weight; NaN where the value is 0."""
        return self._against_value(self.gradient)

    @property
    def ratios(self) -> Mapping[str, float]:
        """|update| / |value| of each weight; NaN where the value is 0."""
        return self._against_value(self.update)

    def _against_value(self, norms: Array) -> Mapping[str, float]:
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.where(self.value > 0, norms / self.value, np.nan)
        return dict(zip(self.paths, found.tolist(), strict=True))


@dataclass(frozen=True)
class Breakdown:
    """The first step whose loss is no number."""

    index: int
    call: str | None
    """The first call whose output is none; None where the loss alone is."""
    largest: float
    """The largest number that this call still read."""


@dataclass
class Course:
    """What was noted of each step."""

    ledger: Ledger
    """Who made the loss fall, in a few of the steps that were looked at closer."""
    crowded: tuple[str, ...] = ()
    """Kernels of which some units began equal."""
    breakdown: Breakdown | None = None
    losses: list[float] = field(default_factory=list)
    """Before each step, penalty included."""
    paces: list[Pace] = field(default_factory=list)
    _next: int = 0

    def note(self, step: Step, k: Ops) -> None:
        """Write down a step."""
        taken = len(self.losses)
        self.losses.append(step.loss)
        broke = self.breakdown is None and not np.isfinite(step.loss)
        if broke:
            self.breakdown = breakdown(step)
        if taken >= self._next or broke:
            self._next = int(taken * GROWTH) + 1
            self.paces.append(pace(step, k, self.crowded))
            if len(self.ledger.steps) < BOOKED * taken and np.isfinite(step.loss):
                self.ledger.on_step(step)
                self.ledger.on_train_batch_end(taken)

    @property
    def steps(self) -> int:
        """How many were taken."""
        return len(self.losses)

    @property
    def broke(self) -> int | None:
        """The first step whose loss is no number."""
        found = np.flatnonzero(~np.isfinite(self.losses))
        return int(found[0]) if len(found) else None


def pace(step: Step, k: Ops, crowded: Iterable[str]) -> Pace:
    """What is noted of a step at a closer look."""
    places = step.before.layout.slices
    limits = [[place.start, place.stop] for place in places.values()]
    bounds = np.array(limits, np.int64).reshape(-1, 2)  # (weights, 2), also where none is trained
    arenas = (step.before, step.total_gradients, step.updates)
    value, gradient, update = (
        host(k.statistics(arena.buffer, bounds, np.nan, np.nan))[:, NORM] for arena in arenas
    )
    distinct = {path: units.distinct(step.before[path]) for path in crowded}
    return Pace(step.index, tuple(places), value, gradient, update, distinct)


def breakdown(step: Step) -> Breakdown:
    """Where a step whose loss is no number stopped to be one."""
    names = labels(step.calls)
    for key, call in step.calls.items():
        if not np.isfinite(units.largest(call.output)):
            sizes = [units.largest(x) for x in call.inputs]
            return Breakdown(step.index, names[key], max(sizes))
    return Breakdown(step.index, None, max(units.largest(y) for y in step.calls.outputs))
