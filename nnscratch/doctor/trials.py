"""Trials: the fixes and twins of several findings, one after the other, within a time."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from nnscratch.core.errors import NNError
from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Evidence, Finding
from nnscratch.doctor.program import Program
from nnscratch.doctor.retraining import at
from nnscratch.doctor.treatments import Treatment, TreatmentError
from nnscratch.doctor.trial import End, Trial, try_out


@dataclass(frozen=True)
class Watched:
    """A training that was watched, as trials are held against it."""

    chart: Chart
    begin: Program
    end: Program
    seconds: float
    """That it took."""

    def try_out(
        self, treatment: Treatment, loss: int, seconds: float, step: int | None = None
    ) -> Trial:
        """What becomes of the training with a treatment.

        Args:
            treatment: what is changed.
            loss: the number of the one that is looked at.
            seconds: after which it ends.
            step: where it begins; None for where such a treatment can be tried.

        Raises:
            NNError: it cannot be applied to this program, or a callback changed the training.
        """
        if self.begin.compiled is not self.end.compiled:
            raise TreatmentError("a callback changed the optimizer or the loss in training")
        program = self.end if treatment.goes_on else self.begin
        if step is not None:
            program = at(self.begin, step)
        treated = treatment(program.looking_at(loss))
        past = self.chart.course.losses[program.start.iteration - self.begin.start.iteration :]
        return try_out(treated, str(treatment), self.ended(loss, treated), past, seconds)

    def ended(self, loss: int, treated: Program) -> End:
        """How it ended, by the measure that a treated one is scored by."""
        seen = dataclasses.replace(self.end.looking_at(loss), balanced=treated.balanced)
        with np.errstate(all="ignore"):  # it may have failed
            score = seen.score(seen.build())
        return End(seen.task.measure, seen.task.chance, score, seen.start.iteration)


@dataclass(frozen=True)
class Trials:
    """What trying cost."""

    asked: int
    """Different fixes and twins of the findings."""
    tried: int
    seconds: float
    budget: float
    """How many seconds there were."""
    notes: tuple[str, ...] = ()
    """Why some were not tried."""

    def __str__(self) -> str:
        """A line, and the notes."""
        cost = f"{self.seconds:.2g} of {self.budget:.2g} s"
        told = f"trials: {self.tried} of {self.asked} were made, in {cost}"
        return "; ".join([told, *self.notes])


class Asked(NamedTuple):
    """A trial that findings ask for."""

    treatment: Treatment
    loss: int
    """The number of the one that is looked at."""


def try_fixes(
    watched: Watched, findings: Sequence[Finding], budget: float
) -> tuple[tuple[Finding, ...], Trials]:
    """The findings with what came of their treatments; among equally sure ones in a new order.

    First stands what a trial verified, then what none decided, last what one did nothing for.
    Fixes are tried before twins. Each fix gets half of the time that is left, the last one all of
    it, and so does each twin. Ctrl-C ends the trials, and what was found until then is kept.

    Args:
        watched: the training.
        findings: root causes, the surest first.
        budget: seconds for all trials together.
    """
    begun = time.perf_counter()
    fixes = distinct(Asked(f.treatment, f.loss) for f in findings if f.treatment is not None)
    twins = distinct(Asked(twin, f.loss) for f in findings for twin in f.twins)
    trials: list[tuple[Asked, Trial]] = []
    notes: list[str] = []
    for number, asked in enumerate([*fixes, *twins], 1):
        left = begun + budget - time.perf_counter()
        if left <= 0:
            notes.append("time was up")
            break
        try:
            share = left / 2 if number < len(fixes) else left
            trials.append((asked, watched.try_out(asked.treatment, asked.loss, share)))
        except (NNError, ValueError, TypeError, ArithmeticError) as error:
            notes.append(f"{asked.treatment}: {error}")
        except KeyboardInterrupt:
            notes.append("interrupted")
            break
    seconds, count = time.perf_counter() - begun, len(fixes) + len(twins)
    known = [with_trials(finding, trials) for finding in findings]
    return (
        tuple(sorted(known, key=lambda f: (-f.certainty, standing(f.trial)))),
        Trials(count, len(trials), seconds, budget, tuple(notes)),
    )


def distinct(asked: Iterable[Asked]) -> list[Asked]:
    """Each trial once: several findings may ask for the same."""
    found: list[Asked] = []
    for one in asked:
        if one not in found:
            found.append(one)
    return found


def with_trials(finding: Finding, trials: Sequence[tuple[Asked, Trial]]) -> Finding:
    """A finding with what came of its own treatment and twins."""
    own = [(a.treatment, trial) for a, trial in trials if a.loss == finding.loss]
    fixed = next((trial for treatment, trial in own if treatment == finding.treatment), None)
    told = tuple(
        Evidence(
            twin.tells(trial),
            numbers={"twin": trial.treated.score, "training": trial.untreated.score},
        )
        for twin in finding.twins
        for treatment, trial in own
        if treatment == twin
    )
    return dataclasses.replace(finding, trial=fixed, evidence=(*finding.evidence, *told))


def standing(trial: Trial | None) -> int:
    """0 where a trial helped, 1 where none can tell, 2 where it did not."""
    if trial is None:
        return 1
    if trial.better:
        return 0
    return 2 if trial.complete else 1
