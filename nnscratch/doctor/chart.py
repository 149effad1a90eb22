"""Chart: everything that a diagnosis reasons from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nnscratch.core.step import Batch
from nnscratch.doctor.course import Course
from nnscratch.doctor.head import Head, head_of
from nnscratch.doctor.judge import Judge
from nnscratch.doctor.numbers import Numbers
from nnscratch.doctor.survey import Survey, sample, survey
from nnscratch.doctor.task import Task
from nnscratch.model import Model


@dataclass
class Chart:
    """What is known of a training, before it, during it and after it.

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

    @property
    def term(self) -> int:
        """The output that is looked at: the first that has a loss."""
        return self.model.compiled.objective.terms[0].output

    @cached_property
    def task(self) -> Task:
        """Of the first loss."""
        return Task.of(self.model.backend.to_host(self.rows.targets[0]))

    @cached_property
    def head(self) -> Head:
        """Of the first loss's output."""
        return head_of(self.model, self.term)

    @cached_property
    def judge(self) -> Judge:
        """The first loss."""
        loss = self.model.compiled.objective.terms[0].loss
        shape = self.model.graph.outputs[self.term].shape
        return Judge(loss, self.model.context(training=False), self.task.target, shape)

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
        seen = sample(self.rows)
        return Task(self.task.kind, self.model.backend.to_host(seen.targets[0])).score(self.end.y)

    @property
    def learned(self) -> bool:
        """Whether the answers are better than the best constant."""
        return bool(self.score > self.task.chance + 0.1 * (1 - self.task.chance))

    @cached_property
    def trained(self) -> Mapping[str, float]:
        """How far each weight has moved in a typical step, |update| / |value|."""
        ratios = [pace.ratios for pace in self.course.paces]
        return {
            path: float(np.nanmedian([ratio.get(path, np.nan) for ratio in ratios]))
            for path in (ratios[0] if ratios else {})
        }


def open_chart(model: Model, rows: Batch, epochs: int, batch_size: int) -> Chart:
    """The chart of a training that is about to begin."""
    seen = survey(model, sample(rows))
    return Chart(model, rows, epochs, batch_size, begin=seen, course=Course(), end=seen)
