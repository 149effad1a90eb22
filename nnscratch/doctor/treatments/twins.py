"""Twins: the same training without what it should rest on; they tell causes apart.

Sources: shuffled labels, Zhang et al. 2017, "Understanding deep learning requires rethinking
generalization", section 2; one batch, Goodfellow, Bengio & Courville 2016, "Deep Learning", 11.5:
"Fit a tiny dataset".
"""

from __future__ import annotations

import dataclasses
import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnscratch.doctor.program import Program
from nnscratch.doctor.treatments.treatment import Treatment, TreatmentError
from nnscratch.doctor.trial import End, Trial
from nnscratch.training.batches import order
from nnscratch.training.loop import FitPlan, Position

FITS = 0.1
"""Of the way from the best constant to perfect answers, what may be missing of rows known by heart:
less than chance and one wrong row of a batch make up."""


class Twin(Treatment):
    """A change from whose outcome something follows, whether the twin gets there or not."""

    there: ClassVar[str]
    """What follows where it does ..."""
    not_there: ClassVar[str]
    """... and where it does not, though it took all its steps."""

    @abstractmethod
    def gets_there(self, trial: Trial) -> bool:
        """Whether it came as far as it has to."""

    def tells(self, trial: Trial) -> str:
        """A sentence, with its numbers. A twin that is there before time is up has told all."""
        if self.gets_there(trial):
            return f"{trial.told}: {self.there}"
        missed = self.not_there if trial.complete else "time was up before it could tell"
        return f"{trial.told}: {missed}"


@dataclass(frozen=True)
class ShuffledLabels(Twin):
    """Each row is given the targets, and the weight, of another one.

    What the best constant costs stays the same. A network can still learn rows by heart, and so
    what it reaches here is what memory is worth.
    """

    there: ClassVar[str] = (
        "labels that have nothing to do with their rows are fitted as well, so that what was "
        "learned is no more than memory"
    )
    not_there: ClassVar[str] = (
        "the labels as they were given are fitted much better, so that they do have to do with "
        "their rows"
    )

    def __call__(self, program: Program) -> Program:
        """The targets of all losses in one other order; the inputs stay."""
        rows = program.rows
        other = order(len(rows), program.start.iteration, program.blueprint.seed)
        shuffled = dataclasses.replace(rows.take(other), inputs=rows.inputs)
        return dataclasses.replace(program, rows=shuffled, truth=program.truth[other])

    def gets_there(self, trial: Trial) -> bool:
        """Whether the training itself is not much better."""
        return not trial.untreated.much_better(trial.treated)

    def __str__(self) -> str:
        return "the labels shuffled"


@dataclass(frozen=True)
class OneBatch(Twin):
    """As many steps on a single batch, of rows spread evenly over all."""

    there: ClassVar[str] = (
        "these are learned by heart, so that the wiring, the loss and the steps can work"
    )
    not_there: ClassVar[str] = (
        "not even these are learned by heart, so that it is the wiring, the loss or the steps, "
        "before it is the data"
    )

    def __call__(self, program: Program) -> Program:
        """Few rows, and an epoch for every step that was planned.

        Raises:
            TreatmentError: all of them have the same targets.
        """
        rows, plan = program.rows, program.plan
        size = min(plan.batch_size, len(rows))
        chosen = np.linspace(0, len(rows) - 1, size).astype(int)
        truth = program.truth[chosen]
        if not np.ptp(truth, axis=0).any():
            raise TreatmentError(f"{size} rows with one and the same target tell nothing apart")
        steps = (plan.epochs - plan.initial_epoch) * math.ceil(len(rows) / plan.batch_size)
        return dataclasses.replace(
            program,
            rows=rows.take(chosen),
            truth=truth,
            plan=FitPlan(size, steps, 0, plan.shuffle),
            position=Position(0, program.start.iteration),
        )

    def gets_there(self, trial: Trial) -> bool:
        """Whether hardly anything is missing to perfect answers."""
        return by_heart(trial.treated)

    def __str__(self) -> str:
        return "the same batch at every step"


def by_heart(end: End) -> bool:
    """Whether rows are known so well that hardly anything is missing."""
    return end.missing <= FITS
