"""Retraining: the steps of a program, taken by a model of its own."""

from __future__ import annotations

import dataclasses
import math
import time
from dataclasses import dataclass

import numpy as np

from nnscratch.core.arguments import whole
from nnscratch.core.errors import StepError
from nnscratch.core.step import Step
from nnscratch.doctor.program import Program
from nnscratch.model import Model
from nnscratch.training import feeding, loop
from nnscratch.training.callbacks import Callback, Logs
from nnscratch.training.loop import Fit, Position


@dataclass(frozen=True)
class Taken:
    """What came of the steps."""

    model: Model
    losses: list[float]
    """Before each of them."""
    position: Position
    late: bool
    """Whether time was up before all of them were taken."""


class Watch(Callback):
    """Notes the losses, and ends the training after some steps, or when time is up."""

    def __init__(self, steps: int | None, deadline: float):
        self.steps, self.deadline = steps, deadline
        self.losses: list[float] = []
        self.late = False

    def set_fit(self, fit: Fit) -> None:
        """Know where it stands."""
        self.fit, self.position = fit, fit.position

    def on_step(self, step: Step) -> None:
        """Note one."""
        self.losses.append(step.loss)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """End after the last; `fit` then goes over to the next epoch, whatever is left of this."""
        self.position = self.fit.position
        done = len(self.losses) == self.steps
        self.late = not done and time.perf_counter() > self.deadline
        self.model.stop_training = done or self.late


def retrain(program: Program, steps: int | None = None, deadline: float = math.inf) -> Taken:
    """Take some steps of a program.

    Args:
        program: where it begins.
        steps: how many; None takes all that are planned.
        deadline: when to end, by `time.perf_counter`.
    """
    watch = Watch(steps, deadline)
    model = watched(program, watch)
    return Taken(model, watch.losses, watch.position, watch.late)


def watched(program: Program, callback: Callback) -> Model:
    """Take the steps of a program while somebody listens; the model that took them."""
    model, rows, plan = program.build(), program.rows, program.plan
    _, listeners = feeding.listeners(model, callback, 0, plan, rows, validated=False)
    with np.errstate(all="ignore"):  # it may fail as another one did
        loop.fit(model, Fit(rows, None, plan, listeners, program.position))
    return model


def at(program: Program, step: int) -> Program:
    """The same training, before a later step.

    Raises:
        StepError: it takes no such step.
    """
    first = program.start.iteration
    ahead = whole("step", step, first) - first
    if not ahead:
        return program
    taken = retrain(program, ahead)
    if taken.model.iteration != step:
        raise StepError(
            f"step {step}: the training takes steps {first} to {taken.model.iteration - 1}"
        )
    start = taken.model.snapshot()._replace(compiled=program.compiled)
    return dataclasses.replace(program, start=start, position=taken.position)
