"""Fork: a run taken up at some step and led on with one thing changed."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnscratch.core.step import Step
from nnscratch.model import Model
from nnscratch.runs.archive import Archive
from nnscratch.runs.callback_states import Memories
from nnscratch.runs.continuation import Beginning
from nnscratch.runs.errors import RunError
from nnscratch.runs.listener import Listener
from nnscratch.runs.recollection import recollect
from nnscratch.runs.replay import Replay
from nnscratch.training import feeding, loop
from nnscratch.training.callbacks import Callback, History, Logs
from nnscratch.training.loop import Fit, Meter

if TYPE_CHECKING:
    from nnscratch.runs.run import Run


@dataclass(frozen=True)
class Fork:
    """What became of a run that went on with a change. The lists have an entry for each step."""

    model: Model
    """A model of its own, as the fork left it."""
    steps: list[int]
    """The indices of the steps that the fork took."""
    loss: list[float]
    original: list[float]
    """The losses of the run at the same steps, as far as it went."""
    history: History
    """The logs of the fork's epochs."""
    run: Run | None = None
    """Where it was recorded, if it was."""

    def __repr__(self) -> str:
        first, last = self.steps[0], self.steps[-1]
        text = f"Fork(steps {first} to {last}, loss {self.loss[-1]:.4g}"
        if len(self.original) == len(self.loss):
            text += f", original {self.original[-1]:.4g}"
        return text + ")"


class Course(Beginning):
    """Notes the steps of a fork, and ends it after some."""

    def __init__(self, folder: Path, model: Model, memories: Memories, limit: int | None):
        super().__init__(folder, model, memories)
        self.limit = limit
        self.steps: list[int] = []
        self.loss: list[float] = []

    def on_step(self, step: Step) -> None:
        """Note one."""
        self.steps.append(step.index)
        self.loss.append(step.loss)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """End after the last."""
        if len(self.steps) == self.limit:
            self.learner.stop_training = True


def take_fork(
    archive: Archive,
    replay: Replay,
    step: int,
    change: Callable[[Model], Any] | None,
    *,
    steps: int | None,
    epochs: int | None,
    callbacks: Sequence[Callback],
    verbose: str | int,
) -> Fork:
    """Go to a step of a run, change something, and train on; see `nn.Run.fork`."""
    replay.go_to(step)
    model, position = archive.blueprint.build(), replay.position
    model.restore(replay.model.snapshot())
    memories = recollect(archive, replay, step, position, callbacks)
    before = model.compiled
    if change is not None:
        change(model)
    if model.compiled.objective is not before.objective:  # compiled anew, which counts from 0
        model.iteration = step
        position = position._replace(meter=Meter())
    rows, validation = archive.data
    plan = archive.manifest.plan
    plan = plan if epochs is None else plan._replace(epochs=epochs)
    if position.epoch >= plan.epochs:
        raise RunError(
            f"fork: behind step {step} nothing is left of {plan.epochs} epochs; say to which epoch "
            f"the fork goes on: fork({step}, change, epochs={position.epoch + 1})"
        )
    course = Course(archive.folder, model, memories, steps)
    history, listeners = feeding.listeners(
        model, [course, *callbacks], verbose, plan, rows, validation is not None
    )
    loop.fit(model, Fit(rows, validation, plan, listeners, position))
    losses = dict(zip(archive.record.steps, archive.record.loss, strict=True))
    original = [losses[index] for index in course.steps if index in losses]
    if all(isinstance(callback, Listener) for callback in callbacks):
        tell_what_is_missing(archive, course.steps)
    if course.undone:
        tell_what_was_undone(archive, step)
    return Fork(model, course.steps, course.loss, original, history)


def tell_what_was_undone(archive: Archive, step: int) -> None:
    """Warn of what callbacks did to the fork's model before its first step."""
    warnings.warn(
        f"{archive.folder}: a callback changed the fork's model, such as its learning rate, when "
        f"it was told that training, an epoch or step {step} begins. That was undone: what the "
        "run's callbacks did then is in the model already, and what is to be changed is "
        "fork(step, change)'s. It holds until a callback sets something else later",
        RuntimeWarning,
        stacklevel=4,
    )


def tell_what_is_missing(archive: Archive, steps: Sequence[int]) -> None:
    """Warn of what changed the run's model, beside its steps, while the fork took its own."""
    checkpoints, taken = archive.checkpoints.keys(), range(steps[0] + 1, steps[-1] + 1)
    changes = [key.step for key in checkpoints if key.changed]
    missing = [step for step in (*archive.record.learning_rates, *changes) if step in taken]
    if missing:
        warnings.warn(
            f"{archive.folder}: before step {min(missing)} something else than the steps changed "
            "the run's model, such as a callback that set the learning rate. The fork went on "
            "without it, so from there on more than one thing differs: give it callbacks=...",
            RuntimeWarning,
            stacklevel=4,
        )
