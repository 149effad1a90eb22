"""Recording: writes a run into its folder while it is trained."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from nnscratch.core.executor import Nested
from nnscratch.core.step import Step
from nnscratch.core.store import Arena
from nnscratch.model import Model
from nnscratch.runs import callback_states
from nnscratch.runs.archive import Archive
from nnscratch.runs.checkpoint_files import Checkpoint
from nnscratch.runs.errors import RunError
from nnscratch.runs.folder import writing
from nnscratch.runs.log import Log
from nnscratch.training.loop import Fit


class Held(NamedTuple):
    """What a model holds between two steps. Other objects there mean that somebody changed it."""

    trained: Arena
    frozen: Arena
    state: Nested
    slots: Mapping[str, Arena] | None
    """None before the first step, which makes them, or lays those of a checkpoint out anew."""

    @classmethod
    def by(cls, model: Model) -> Held:
        """What a model holds now."""
        values = model.parameters
        return cls(values.trained, values.frozen, values.state, model.snapshot().slots)

    @classmethod
    def before(cls, step: Step) -> Held:
        """What a step starts from."""
        return cls(step.before, step.frozen, step.state, step.slots)

    @classmethod
    def after(cls, step: Step) -> Held:
        """What it leaves."""
        return cls(step.after, step.frozen, step.state_after, step.slots_after)

    def became(self, other: Held) -> bool:
        """Whether that is still the same."""
        return (
            self.trained is other.trained
            and self.frozen is other.frozen
            and (self.slots is None or self.slots is other.slots)
            and all(
                value is other.state[path][name]
                for path, values in self.state.items()
                for name, value in values.items()
            )
        )


class Recording:
    """A run that is being trained.

    Args:
        archive: what is known of it; grows.
        model: the model that is trained.
        task: the `fit` that trains it.
        log: what it writes to.
        before: the losses of steps that will be taken a second time, since they lie behind the
            checkpoint that training goes on from.
    """

    def __init__(
        self,
        archive: Archive,
        model: Model,
        task: Fit,
        log: Log,
        before: Mapping[int, float],
    ):
        self.archive = archive
        self._model = model
        self._task = task
        self._log = log
        self._before = dict(before)
        self._entry: dict[str, Any] = {}
        self._changes = 0
        self.begin_here()

    def begin_here(self) -> None:
        """What the model is now is nothing that was changed since the last step."""
        self._held = Held.by(self._model)._replace(slots=None)
        self._compiled = self._model.compiled

    def see(self, step: Step) -> None:
        """A step that is computed and not applied yet.

        Raises:
            RunError: the model was compiled anew.
        """
        steps = self.archive.record.steps
        self._see_learning_rate(step.index, anew=bool(steps) and step.index <= steps[-1])
        self._see_change(Held.before(step))
        self._held = Held.after(step)
        self._entry = {
            "step": step.index,
            "epoch": self._task.position.epoch,
            "loss": step.loss,
            "metrics": dict(step.metrics),
        }

    def _see_learning_rate(self, step: int, anew: bool = False) -> None:
        """Write down that somebody has set another learning rate since the last step."""
        now, before = self._model.compiled, self._compiled
        if anew or now.objective is not before.objective or now.measures is not before.measures:
            raise RunError(
                f"{self.archive.folder}: the model was compiled anew in the middle of training, "
                "and counts its steps anew; train it in a fit of its own, with a Run of its own"
            )
        if now is not before:
            self.write({"before": step, "learning_rate": self._model.learning_rate})
        self._compiled = now

    def _see_change(self, found: Held) -> None:
        """Keep what somebody has changed since the last step, so that it can be replayed."""
        if self._held.became(found):
            return
        self._checkpoint(changed=True)
        self._held = found
        self._changes += 1
        if self._changes == self.archive.checkpoints.keep + 1:
            warnings.warn(
                f"{self.archive.folder}: something else than the steps changes the model again "
                "and again; every time costs a checkpoint, and all of these are kept",
                RuntimeWarning,
                stacklevel=2,
            )

    def end_step(self) -> None:
        """The step is applied, and everybody has been told."""
        self.write(self._entry)
        self._compare(self._entry["step"], self._entry["loss"])
        taken = self._model.iteration - self.archive.manifest.first_step
        if taken % self.archive.checkpoints.every == 0 and not self._model.stop_training:
            self.checkpoint()

    def end_epoch(self, epoch: int, logs: Mapping[str, float]) -> None:
        """An epoch is through, and everybody has been told."""
        self.write({"epoch": epoch, "logs": dict(logs)})

    def checkpoint(self) -> None:
        """Keep everything that there is now, to go on from it.

        It may be removed again. What has changed since the last step is kept for good.
        """
        self._see_learning_rate(self._model.iteration)
        self._see_change(Held.by(self._model))
        self._checkpoint(changed=False)

    def _checkpoint(self, changed: bool) -> None:
        callbacks = () if changed else self._task.callbacks.callbacks
        with self._writing():
            checkpoint = Checkpoint(
                self._model.snapshot(),
                self._task.position,
                self._model.stop_training,
                callback_states.collect(callbacks),
                self._log.sync(),
            )
            self.archive.checkpoints.write(checkpoint, changed)

    def close(self) -> None:
        """Let others record here."""
        self._log.close()

    def write(self, entry: Mapping[str, Any]) -> None:
        """A line of the log."""
        with self._writing():
            self._log.append(entry)
        self.archive.record.add(entry)

    def _writing(self) -> AbstractContextManager[None]:
        return writing(self.archive.folder, trained=bool(self.archive.record.steps))

    def _compare(self, step: int, loss: float) -> None:
        before = self._before.pop(step, loss)
        if before != loss and not (math.isnan(before) and math.isnan(loss)):
            warnings.warn(
                f"{self.archive.folder}: step {step} is taken a second time, and its loss is "
                f"{loss!r} instead of {before!r}: training goes on, but not to the same bits. "
                + self.archive.explanation,
                RuntimeWarning,
                stacklevel=2,
            )
            self._before = {}
