"""Chart: everything that a diagnosis reasons from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from nnscratch.core.step import Batch
from nnscratch.doctor.constant import best_constant_loss
from nnscratch.doctor.course import Course
from nnscratch.doctor.head import Head, head_of
from nnscratch.doctor.held_out import HeldOut
from nnscratch.doctor.judge import Judge
from nnscratch.doctor.neighbours import Neighbours
from nnscratch.doctor.numbers import Numbers
from nnscratch.doctor.relation import Relation, signal
from nnscratch.doctor.survey import Survey, answers, sample, survey
from nnscratch.doctor.task import Kind, Task
from nnscratch.doctor.wiring import kernel_paths
from nnscratch.inspect.ledger import Ledger
from nnscratch.model import Model
from nnscratch.training.compiled import Term

LITTLE = 0.1
"""Of the way from the best constant to perfect answers."""


@dataclass
class Chart:
    """What is known of a training, before it, during it and after it.

    Of several losses it looks at one; `views` gives a chart for each.

    Attributes are computed when a rule first asks for them.
    """

    model: Model
    rows: Batch
    """The training rows, as the model reads them."""
    epochs: int
    batch_size: int
    begin: Survey
    course: Course
    end: Survey
    """The last one; where training failed so that none could follow, the first."""
    number: int = 0
    """Which of the losses is looked at."""
    interrupted: bool = False
    """Whether training ended before its time, by Ctrl-C or by an error."""
    validation: Batch | None = None
    """The rows that are only validated on, where there are any."""

    def views(self) -> Iterator[Chart]:
        """The same training, looked at from each of its losses."""
        for number, term in enumerate(self.terms):
            begin, end = (replace(seen, output=term.output) for seen in (self.begin, self.end))
            yield replace(self, number=number, begin=begin, end=end)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The losses, each of an output."""
        return self.model.compiled.objective.terms

    @property
    def term(self) -> Term:
        """The loss that is looked at."""
        return self.terms[self.number]

    @property
    def planned(self) -> int:
        """Steps that training was to take."""
        return self.epochs * math.ceil(len(self.rows) / self.batch_size)

    @cached_property
    def task(self) -> Task:
        """What the loss's targets ask for."""
        return Task.of(self.model.backend.to_host(self.rows.targets[self.number]))

    @cached_property
    def head(self) -> Head:
        """Of the loss's output."""
        return head_of(self.model, self.term.output)

    @cached_property
    def judge(self) -> Judge:
        """The loss, to be asked."""
        shape = self.model.graph.outputs[self.term.output].shape
        ctx = self.model.context(training=False)
        return Judge(self.term.loss, ctx, self.task.target, shape)

    @cached_property
    def inputs(self) -> tuple[Numbers, ...]:
        """Of each input."""
        return tuple(Numbers.of(self.model.backend.to_host(x)) for x in self.rows.inputs)

    @cached_property
    def targets(self) -> Numbers:
        """As the loss reads them."""
        return Numbers.of(self.task.target)

    @cached_property
    def score(self) -> float:
        """Of the predictions at the end, on the surveyed training rows."""
        return self.seen.score(self.end.y, self.judge.boundary)

    @cached_property
    def seen(self) -> Task:
        """Of the surveyed training rows."""
        target = sample(self.rows).targets[self.number]
        return Task(self.task.kind, self.model.backend.to_host(target))

    @cached_property
    def held_out(self) -> HeldOut | None:
        """The validation rows, answered by the model as it is at the end."""
        if self.validation is None:
            return None
        rows, host = sample(self.validation), self.model.backend.to_host
        return HeldOut(
            inputs=tuple(host(x) for x in rows.inputs),
            task=Task(self.task.kind, host(rows.targets[self.number])),
            y=answers(self.model, rows.inputs)[self.term.output],
        )

    @cached_property
    def constant_loss(self) -> float:
        """What the best constant costs on the surveyed training rows, penalties apart."""
        return best_constant_loss(self.judge, self.seen, self.head)

    @property
    def loss(self) -> float:
        """What the answers at the end cost on the same rows, in inference mode."""
        return self.judge.ask(self.end.y, self.seen.target).value

    @cached_property
    def neighbours(self) -> Neighbours | None:
        """Of the training rows."""
        return Neighbours.of([self.model.backend.to_host(x) for x in self.rows.inputs])

    @cached_property
    def signal(self) -> Relation | None:
        """What the training rows know of their targets."""
        return None if self.neighbours is None else signal(self.neighbours, self.task)

    @cached_property
    def within_reach(self) -> float:
        """The score of answering as the nearest rows do; no less than a little over chance."""
        chance = self.task.chance
        least = chance + LITTLE * (1 - chance)
        return least if self.as_neighbours is None else max(least, self.as_neighbours)

    @cached_property
    def as_neighbours(self) -> float | None:
        """The score of answering as the nearest rows do; None where that cannot be said."""
        if self.neighbours is None or self.task.kind is Kind.labels:
            return None
        rows = Task(self.task.kind, self.task.target[self.neighbours.rows])
        return rows.score(self.neighbours.answers(self.task.target))

    @property
    def learned(self) -> bool:
        """Whether the answers are better than the best constant, half as far as can be expected."""
        chance = self.task.chance
        little = chance + LITTLE * (1 - chance)
        return bool(self.score > max(little, (chance + self.within_reach) / 2))

    @property
    def mastered(self) -> bool:
        """Whether the answers are as good as those of the nearest rows: nothing is in the way."""
        return bool(self.score >= self.within_reach)

    @property
    def diverged(self) -> bool:
        """Whether the loss ended as no number, or of the same rows higher than it began."""
        return self.course.broke is not None or not self.end.loss <= self.begin.loss

    @property
    def travel(self) -> Mapping[str, float]:
        """How far each kernel can have come in all steps together, in terms of its own size."""
        return {
            path: self.trained[path] * self.course.steps
            for path in kernel_paths(self.model)
            if path in self.trained
        }

    @property
    def inputs_are_large(self) -> bool:
        """Whether what is large may be so because the inputs are."""
        return any(numbers.size > 10 for numbers in self.inputs)

    @property
    def logits(self) -> float:
        """The largest number, at first, before the last activation."""
        entry = self.begin.activities.get(f"{self.head.weights}#0")
        return entry.largest if entry is not None else 0.0

    @cached_property
    def trained(self) -> Mapping[str, float]:
        """How far each weight has moved in a typical step, |update| / |value|."""
        paces = self.course.paces
        moved = [
            (path, [pace.ratios[path] for pace in paces if np.isfinite(pace.ratios[path])])
            for path in (paces[0].paths if paces else ())
        ]
        return {path: float(np.median(ratios)) for path, ratios in moved if ratios}


def open_chart(
    model: Model, rows: Batch, epochs: int, batch_size: int, validation: Batch | None = None
) -> Chart:
    """The chart of a training that is about to begin."""
    seen = survey(model, rows, epochs)
    course = Course(Ledger(gradients=2), crowded=tuple(crowded(seen)))
    course.ledger.set_model(model)
    return Chart(
        model, rows, epochs, batch_size, begin=seen, course=course, end=seen, validation=validation
    )


def crowded(seen: Survey) -> Iterator[str]:
    """The kernels with units that are equal."""
    for path, kernel in seen.kernels.items():
        if kernel.distinct < kernel.units:
            yield path
