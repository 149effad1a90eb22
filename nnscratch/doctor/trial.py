"""Trial: a program trained again with one thing changed, and what measurably came of it.

The untreated twin need not be trained again: it is the training that was watched. The treated one
begins with the same values and the same memory of the optimizer, and sees the same rows in the
same order, with the same random masks.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnscratch.core.describe import number
from nnscratch.doctor.program import Program
from nnscratch.doctor.retraining import retrain

MUCH = 0.25
"""Of what is missing to perfect answers so much has to go. Measured on ten small programs with five
seeds each: where more than a quarter is missing, another seed moves that by 0.24 of it at most.
Where less is missing it moves it by more, and 14 of all 100 pairs of seeds differ by so much ..."""
SEEN = 0.05
"""... and of the whole way from the best constant: the standard error of a share of 256 rows is up
to 0.03."""


@dataclass(frozen=True)
class End:
    """How well a training ended, on the surveyed rows."""

    measure: str
    """What the score is: accuracy, mean recall or R2."""
    chance: float
    """The score of the best constant."""
    score: float
    """NaN where an answer is no number."""
    steps: int
    """How many had been taken by then, in all."""

    @property
    def missing(self) -> float:
        """The part of the way from the best constant to perfect answers that is left, 0 to 1."""
        if not np.isfinite(self.score) or self.chance >= 1:
            return 1.0
        return min(1.0, (1 - self.score) / (1 - self.chance))

    def much_better(self, other: End) -> bool:
        """Whether much of what another one is missing is there."""
        return other.missing - self.missing >= max(SEEN, MUCH * other.missing)


@dataclass(frozen=True)
class Trial:
    """What came of a treatment."""

    treatment: str
    start: int
    """The step from which on it was tried."""
    parted: int | None
    """The first step whose loss is another one; None: there is none."""
    treated: End
    untreated: End
    complete: bool
    """Whether it took all the steps that it should have; if not, time was up."""
    seconds: float

    @property
    def better(self) -> bool:
        """Whether much of what was missing is there now."""
        return self.treated.much_better(self.untreated)

    @property
    def verdict(self) -> str:
        """What a card calls it."""
        return "verified" if self.better else "tried"

    @property
    def told(self) -> str:
        """What was done, and how it ended."""
        then, now = self.untreated, self.treated
        measure = "" if then.measure == now.measure else f"{then.measure} "
        return (
            f"tried from step {self.start} with {self.treatment}: {now.measure} "
            f"{number(now.score)} after {now.steps} steps instead of {measure}{number(then.score)}"
            + ("" if then.steps == now.steps else f" after {then.steps}")
        )

    def __str__(self) -> str:
        """A sentence, with its numbers, and whether it helped."""
        if self.better:
            parted = "" if self.parted is None else f"; they part at step {self.parted}"
            return f"{self.told}{parted}"
        return f"{self.told}: {'no better' if self.complete else 'no better yet, and time was up'}"

    def to_dict(self) -> dict[str, Any]:
        """The trial in terms of numbers and texts."""
        return dataclasses.asdict(self) | {"better": self.better}


def try_out(
    program: Program, treatment: str, untreated: End, losses: Sequence[float], seconds: float
) -> Trial:
    """Train a treated program, and hold it against the training that was watched.

    Args:
        program: the treated one.
        treatment: what was changed, in words.
        untreated: how the watched training ended. The treated one takes as many steps; where it
            goes on from there, all that are left of its plan.
        losses: of the watched training, from the treated one's first step on.
        seconds: after which it ends.
    """
    begun, first = time.perf_counter(), program.start.iteration
    taken = retrain(program, (untreated.steps - first) or None, begun + seconds)
    with np.errstate(all="ignore"):  # it may fail as the other did
        score = program.score(taken.model)
    return Trial(
        treatment=treatment,
        start=first,
        parted=parting(losses, taken.losses, first),
        treated=End(program.task.measure, program.task.chance, score, taken.model.iteration),
        untreated=untreated,
        complete=not taken.late,
        seconds=time.perf_counter() - begun,
    )


def parting(losses: Sequence[float], others: Sequence[float], first: int) -> int | None:
    """The first step with different losses, of the steps that both have taken."""
    count = min(len(losses), len(others))
    differ = np.flatnonzero(np.asarray(losses[:count]) != np.asarray(others[:count]))
    return first + int(differ[0]) if len(differ) else None
