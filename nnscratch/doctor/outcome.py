"""Outcome: how a training went, in the few numbers that people ask for first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnscratch.core.describe import number
from nnscratch.doctor.chart import Chart


@dataclass(frozen=True)
class Reached:
    """How good one output's answers are, on the training rows."""

    output: str
    measure: str
    """Of the score: "accuracy", or "R2", the share of the targets' variance that is explained."""
    score: float
    best_constant: float
    """The score of the best answer that does not look at the inputs."""
    learned: bool
    """Whether the score is well above that."""

    def __str__(self) -> str:
        score = number(self.score) if np.isfinite(self.score) else "undefined"
        chance = number(self.best_constant)
        return f"{self.measure} {score} on training rows; the best constant answer has {chance}"


@dataclass(frozen=True)
class Outcome:
    """How a training went."""

    rows: int
    steps: int
    planned: int
    """Steps that it was to take."""
    interrupted: bool
    """Whether Ctrl-C or an error ended it."""
    first_loss: float
    """Before training, of some rows spread over all, in training mode, penalty included ..."""
    last_loss: float
    """... and of the same rows afterwards."""
    reached: tuple[Reached, ...]
    """By each output that has a loss."""

    @property
    def learned(self) -> bool:
        """Whether every output has learned something."""
        return all(reached.learned for reached in self.reached)

    def __str__(self) -> str:
        """One line for the training, and one for each output."""
        steps = counted(self.steps, "step")
        if self.steps < self.planned:
            steps = f"{self.steps} of {counted(self.planned, 'step')}"
        if self.interrupted:
            steps = f"interrupted after {steps}"
        losses = f"loss {number(self.first_loss)} -> {number(self.last_loss)}"
        lines = [f"{steps} on {counted(self.rows, 'row')}: {losses}"]
        several = len(self.reached) > 1
        for reached in self.reached:
            lines.append(f"{reached.output}: {reached}" if several else str(reached))
        return "\n".join(lines)


def counted(count: int, thing: str) -> str:
    """So many things."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def outcome_of(chart: Chart) -> Outcome:
    """What came of a training."""
    return Outcome(
        rows=len(chart.rows),
        steps=chart.course.steps,
        planned=chart.planned,
        interrupted=chart.interrupted,
        first_loss=chart.begin.loss,
        last_loss=chart.end.loss,
        reached=tuple(map(reached_by, chart.views())),
    )


def reached_by(chart: Chart) -> Reached:
    """What the output of a chart's loss reached."""
    return Reached(
        output=chart.term.name,
        measure=chart.task.measure,
        score=chart.score,
        best_constant=chart.task.chance,
        learned=chart.learned,
    )
