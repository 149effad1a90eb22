"""Replay: a recorded training gone over again, by a model of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnscratch.core.step import Step
from nnscratch.core.tape import ALL
from nnscratch.model import Model
from nnscratch.runs.archive import Archive
from nnscratch.runs.checkpoints import Key
from nnscratch.runs.errors import ReplayError
from nnscratch.training.batches import Rows, batch_slices
from nnscratch.training.loop import Position, batches


class Replay:
    """Takes the steps of a run again, from the nearest checkpoint on.

    What is taken again is what happened: rows come in the recorded order, random masks are
    functions of the seed and the step, and values, state and slots are the checkpoint's. Every
    loss is compared with the recorded one.

    Attributes:
        model: over the run's layers, with values of its own.
        position: where in the training it is.
    """

    position: Position

    def __init__(self, archive: Archive):
        self.model: Model = archive.blueprint.build()
        self._archive = archive
        self._at: Key | None = None
        self._batches: Iterator[Rows] = iter(())
        self._batch: Rows | None = None

    def step(self, index: int) -> Step:
        """A step of the run, whole.

        Raises:
            RunError, WeightFileError: it was not recorded, or a checkpoint is damaged.
            ReplayError: it, or one before it, does not come out as it was recorded.
        """
        self._archive.record.place(index)  # behind the last one is none
        self.go_to(index)
        return self._compute(ALL)

    def go_to(self, index: int) -> None:
        """Bring the model to before a step of the run, or behind its last one."""
        record, first = self._archive.record, self._archive.manifest.first_step
        if index != (record.steps[-1] + 1 if record.steps else first):
            record.place(index)
        nearest = self._archive.checkpoints.before(index)
        if self._at is None or not nearest <= self._at <= (index, True):
            self._load(nearest)
        while self.model.iteration < index:
            step = self._compute(frozenset())
            self.model.apply(step)
            self._move(self.position.after(step))
            self._at = Key(self.model.iteration)
        self._set_learning_rate()

    def _load(self, key: Key) -> None:
        self._at = None  # unless all goes well
        compiled = self._archive.blueprint.compiled
        checkpoint = self._archive.checkpoints.read(key, compiled)
        self.model.restore(checkpoint.snapshot)
        self._batches = iter(())
        self._move(checkpoint.position.on(self.model.backend))
        self._at = key

    def _move(self, position: Position) -> None:
        """Stand before another batch; behind the last one of an epoch begins the next."""
        rows, plan = self._archive.data[0], self._archive.manifest.plan
        if position.batch == len(batch_slices(len(rows), plan.batch_size)):
            position = Position(position.epoch + 1, self.model.iteration)
        self.position = position
        self._batch = next(self._batches, None)
        if self._batch is None:
            self._batches = batches(rows, plan, self.model.seed, position)
            self._batch = next(self._batches)

    def _set_learning_rate(self) -> None:
        """To what somebody set it to before this step."""
        rates = self._archive.record.learning_rates
        if self.model.iteration in rates:
            self.model.learning_rate = rates[self.model.iteration]

    def _compute(self, keep: frozenset[str]) -> Step:
        """The next step, compared with the recorded one."""
        assert self._batch is not None
        self._set_learning_rate()
        step = self.model.compute_step(self._batch, keep)
        record = self._archive.record
        loss = record.loss[record.place(step.index)]
        if step.loss != loss and not (math.isnan(step.loss) and math.isnan(loss)):
            raise ReplayError(
                f"{self._archive.folder}: step {step.index} was recorded with the loss {loss!r}, "
                f"here it comes out as {step.loss!r}. {self._archive.explanation}"
            )
        return step
