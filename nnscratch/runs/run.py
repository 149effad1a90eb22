"""Run: a training that is recorded, so that every step of it can be had again."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self, TypeVar

from nnscratch.core.arguments import ArgumentError, flag, instance, positive, shown, whole
from nnscratch.core.errors import UnknownNameError
from nnscratch.core.step import Step
from nnscratch.model import Model
from nnscratch.runs import callback_states
from nnscratch.runs import folder as folders
from nnscratch.runs.archive import load
from nnscratch.runs.beginning import Settings
from nnscratch.runs.errors import RunError
from nnscratch.runs.fork import Fork, take_fork
from nnscratch.runs.growth import Growth
from nnscratch.runs.listener import Listener
from nnscratch.runs.replay import Replay
from nnscratch.training import feeding, loop
from nnscratch.training.batches import Rows
from nnscratch.training.callbacks import Callback, History
from nnscratch.training.loop import Fit, Position

C = TypeVar("C", bound=Callback)


class Run(Listener):
    """Records a `fit` in a folder, so that each of its steps can be had again, whole.

        run = nn.Run("runs/digits")
        model.fit(x, y, epochs=5, callbacks=[run])
        step = run.step(137)  # bit for bit what happened, though nobody kept it

    The folder holds what was trained, how, and on what machine (run.json), a line for every step
    and epoch (log.jsonl), and now and then everything that training changes (checkpoints/). A step
    is found by taking the steps from the checkpoint before it again. A training that was killed
    goes on from the last checkpoint, to the same bits: with `resume=True` where the same script is
    started again, or with `nn.Run.open(folder, ...).resume(...)`.

    Callbacks that know something from epoch to epoch go on with it where they have a `state`, as
    those of nnscratch have.

    Args:
        folder: is made where it is missing, and must not hold another run.
        every: after how many steps a checkpoint is taken. An interruption, Ctrl-C too, costs the
            steps since the last one: they are taken again.
        keep: how many of them stay, 2 at least: the first, the newest, and others evenly between.
        resume: go on with the run in the folder, if there is one; it must be the same training:
            of a model with the same first weights and frozen layers, too. One that was interrupted
            has others by then: in the same process, `run.resume()` goes on.

    Raises:
        RunError: the folder holds a run.
        ArgumentError: an argument that is none.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        every: int = 100,
        keep: int = 20,
        resume: bool = False,
    ):
        settings = Settings(positive("Run every", every), whole("Run keep", keep, 2))
        super().__init__(folders.named("Run", folder), settings, flag("Run resume", resume))

    @classmethod
    def open(
        cls,
        folder: str | os.PathLike[str],
        model: Model | None = None,
        data: Sequence[Any] | None = None,
        validation: Sequence[Any] | None = None,
    ) -> Self:
        """A run that was recorded, perhaps elsewhere, perhaps not to its end.

        Args:
            folder: where it was recorded.
            model: what was trained, built and compiled anew. Where all its parts are nnscratch's
                own, it is made again of what the folder says, and None will do.
            data: (x, y) as `fit` was given them, without weights, which the folder holds. None
                loads `nn.datasets.digits()` or `fashion_mnist()` again, if the rows were the first
                ones of their training or test part: scaled or not, images flat or not, labels
                one-hot or not.
            validation: (x, y) of the validation_data; only to resume.

        Raises:
            RunError, WeightFileError: the folder holds no run, or a damaged one; or the model or
                data are not the run's; says what differs.
            ArgumentError: no name of a folder, or no model.
        """
        run = cls(folder, resume=True)
        if model is not None:
            instance("Run.open model", model, Model, "an nn.Model, built and compiled as it was")
        run._archive = archive = load(run.folder, model, data, validation)
        run._settings = Settings(archive.manifest.every, archive.manifest.keep)
        if model is not None:
            run.model = model
        return run

    # -- what happened ------------------------------------------------------------------------

    @property
    def steps(self) -> list[int]:
        """The indices of the recorded steps."""
        return list(self._known.record.steps)

    @property
    def loss(self) -> list[float]:
        """The loss of every step."""
        return list(self._known.record.loss)

    @property
    def metrics(self) -> dict[str, list[float]]:
        """The metrics of every step's batch, by name."""
        return {name: list(values) for name, values in self._known.record.metrics.items()}

    @property
    def history(self) -> dict[str, list[float]]:
        """The logs of every epoch that is through, by name."""
        return {name: list(values) for name, values in self._known.record.history.items()}

    @property
    def epoch_ends(self) -> list[int]:
        """The last step of every epoch that is through."""
        return list(self._known.record.ends)

    @property
    def checkpoints(self) -> list[int]:
        """Before which steps checkpoints stand; what is asked of these is near at hand."""
        keys = self._known.checkpoints.keys()
        return sorted({key.step for key in keys})

    @property
    def rows(self) -> Rows:
        """What it was trained on.

        Raises:
            RunError: the data are needed and were not given.
        """
        return self._known.data[0]

    @property
    def differences(self) -> list[str]:
        """What is otherwise here than where it was recorded: versions, processor, threads ..."""
        return self._known.differences

    def step(self, index: int) -> Step:
        """A step that was taken, whole, with all its calls: the bits of then.

        The steps from the checkpoint before it are taken again, by a model of its own. The step
        behind the one asked for last is near at hand.

        Raises:
            RunError, WeightFileError: it was not recorded; the model or the data are needed and
                were not given; a checkpoint is damaged.
            ReplayError: it does not come out as it was recorded; says what is otherwise here.
            ArgumentError: the index is no whole number.
        """
        return self._again.step(whole("Run.step", index))

    def model_at(self, step: int) -> Model:
        """The model as it was before a step, or behind the last one: another one than `model`.

        Where a checkpoint stands there, it needs no data.

        Raises:
            RunError, WeightFileError, ReplayError: see `step`.
            ArgumentError: the step is no whole number.
        """
        index, known = whole("Run.model_at", step), self._known
        key, model = known.checkpoints.before(index), known.blueprint.build()
        if key.step == index:
            model.restore(known.checkpoints.read(key, model.compiled).snapshot)
        else:
            self._again.go_to(index)
            model.restore(self._again.model.snapshot())
        return model

    def recall(self, callback: C) -> C:
        """Let a new callback know what the training's own one knew at the newest checkpoint.

            recorder = nn.Run.open("runs/digits").recall(nn.Recorder())

        Args:
            callback: of the same class, made as that one was; it is returned.

        Raises:
            UnknownNameError: the training had none of that class.
            RunError, WeightFileError: it had several; or the folder is damaged.
            ArgumentError: it is no callback.
        """
        instance("Run.recall", callback, Callback, "a callback, such as nn.Recorder()")
        known, kind = self._known, type(callback).__name__
        checkpoint = known.checkpoints.read(known.checkpoints.latest(), known.blueprint.compiled)
        states = [state for state in checkpoint.callbacks if state[0] == kind]
        if not states:
            raise UnknownNameError("callback", kind, [name for name, _ in checkpoint.callbacks])
        if len(states) > 1:
            raise RunError(f"{self.folder}: the training had {len(states)} callbacks {kind}")
        callback_states.restore(self.folder, [callback], Growth(self.folder).resume(states))
        return callback

    # -- going on -----------------------------------------------------------------------------

    def fork(
        self,
        step: int,
        change: Callable[[Model], Any] | None = None,
        *,
        steps: int | None = None,
        epochs: int | None = None,
        callbacks: Callback | Iterable[Callback] | None = None,
        folder: str | os.PathLike[str] | None = None,
        verbose: str | int = 0,
    ) -> Fork:
        """Go on from before a step with one thing changed; everything else stays as it was.

            fork = run.fork(137, lambda model: setattr(model, "learning_rate", 1e-3))

        The fork has a model of its own. Rows come in the run's order, and random masks are the
        run's. The run's callbacks do not take part: what they set later, such as a learning rate,
        nobody sets; where no callbacks are given a warning says so. With the same callbacks, made
        anew, a fork in which nothing is changed is the run, bit for bit.

        The change holds when the first step is taken. Callbacks are told before it that training
        and an epoch begin, though they may have begun long ago: what they do to the model at that
        is undone, with a warning. Later they do what they do: a schedule sets its rate again when
        the next epoch begins. A model that `change` compiles anew begins with empty slots, but goes
        on counting the steps, on which the order of rows, masks and schedules depend.

        Args:
            step: the first step that the fork takes; the number behind the last recorded one goes
                on from the end.
            change: is given the model, and changes it; None changes nothing.
            steps: how many steps to take; None goes on to the last epoch. The epoch that they end
                in is cut short.
            epochs: the number of the last epoch; None for that of the run.
            callbacks: listeners of the fork. Those that have a state go on with what they would
                know, had they listened to the run up to there, if it had as many of their class;
                others begin anew. For that the steps since the checkpoint before are told them.
            folder: where to record it, as a run of its own.
            verbose: as in `fit`.

        Raises:
            RunError, WeightFileError, ReplayError: see `step`.
            ArgumentError: an argument that is none.
        """
        start = whole("fork step", step)
        if change is not None and not callable(change):
            raise ArgumentError(
                "fork change: expected a function of the model, such as "
                f"lambda model: model.freeze('conv2d'), or None; got {shown(change)}"
            )
        listeners = feeding.listed(callbacks)
        limit = None if steps is None else positive("fork steps", steps)
        last = None if epochs is None else whole("fork epochs", epochs, 0)
        child = None
        if folder is not None:
            child = Run(folder, every=self._settings.every, keep=self._settings.keep)
            parent = {"run": self._known.manifest.run, "step": start}
            child._settings = child._settings._replace(parent=parent)
            listeners.append(child)
        fork = take_fork(
            self._known,
            self._again,
            start,
            change,
            steps=limit,
            epochs=last,
            callbacks=listeners,
            verbose=verbose,
        )
        return dataclasses.replace(fork, run=child)

    def resume(
        self, callbacks: Callback | Iterable[Callback] | None = None, verbose: str | int = "auto"
    ) -> History:
        """Go on with a training that was interrupted, to the epochs that `fit` was asked for.

        The model goes back to the newest checkpoint, whatever was done to it since: its weights,
        frozen layers, optimizer and learning rate. From there everything comes as it would have
        without the interruption; the history that is returned is that of the whole training.

        Args:
            callbacks: those that `fit` was given; this one need not be among them.
            verbose: as in `fit`.

        Raises:
            RunError, WeightFileError: the folder is damaged, or the model, the data or the
                callbacks are not the run's.
        """
        known, model = self._known, self.model
        rows, validation = known.data
        if validation is None and known.manifest.data["validation"] is not None:
            raise RunError(
                f"{self.folder}: the validation data are needed: nn.Run.open(folder, data=(x, y), "
                "validation=(x, y))"
            )
        plan = known.manifest.plan
        others = [callback for callback in feeding.listed(callbacks) if callback is not self]
        history, listeners = feeding.listeners(
            model, [*others, self], verbose, plan, rows, validation is not None
        )
        begin = Position(plan.initial_epoch, model.iteration)
        self._resumed = known
        try:
            loop.fit(model, Fit(rows, validation, plan, listeners, begin))
        finally:
            self._resumed = None
        return history

    @property
    def _again(self) -> Replay:
        if self._replay is None:
            self._replay = Replay(self._known)
        return self._replay

    def __repr__(self) -> str:
        if self._archive is None:
            return f"Run({str(self.folder)!r})"
        record, plan = self._archive.record, self._archive.manifest.plan
        return (
            f"Run({str(self.folder)!r}: {len(record.steps)} steps, "
            f"{len(record.epochs)} of {plan.epochs - plan.initial_epoch} epochs)"
        )
