"""Listener: the half of a Run that listens to `fit`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nnscratch.core.step import Step
from nnscratch.model import Model
from nnscratch.runs import beginning, callback_states
from nnscratch.runs.archive import Archive
from nnscratch.runs.beginning import Settings
from nnscratch.runs.callback_states import State
from nnscratch.runs.continuation import Continuation
from nnscratch.runs.errors import RunError
from nnscratch.runs.recording import Recording
from nnscratch.runs.replay import Replay
from nnscratch.training.callbacks import Callback, Learner, Logs
from nnscratch.training.loop import Fit


class Listener(Callback):
    """Records a training, or lets it go on where it was interrupted.

    It is told everything last: what the others have done to the model and to the logs is recorded,
    and their states belong to the moment at which a checkpoint is taken.
    """

    heard_last = True

    def __init__(self, folder: Path, settings: Settings, resume: bool):
        self.folder = folder
        self._settings = settings
        self._resumes = resume
        self._resumed: Archive | None = None
        """The run that is to be gone on with, wherever the model stands now."""
        self._model: Model | None = None
        self._archive: Archive | None = None
        self._recording: Recording | None = None
        self._replay: Replay | None = None
        self._states: Sequence[State] = ()
        self._middle: Continuation | None = None
        """Of the epoch that training goes on with, until all have heard of it."""
        if not resume:
            beginning.refuse(folder)

    @property
    def model(self) -> Model:
        """The model: the one that was trained or given, else one made of the folder.

        That one has the values of the newest checkpoint: at the end of training, the last ones.

        Raises:
            RunError, WeightFileError: it has parts that are not nnscratch's own, or the checkpoint
                is damaged.
        """
        if self._model is None:
            archive = self._known
            model = archive.blueprint.build()
            newest = archive.checkpoints.read(archive.checkpoints.latest(), model.compiled)
            model.restore(newest.snapshot)
            self._model = model
        return self._model

    @model.setter
    def model(self, model: Learner) -> None:
        assert isinstance(model, Model)
        self._model = model

    def set_fit(self, fit: Fit) -> None:
        """What it is trained on, and how.

        Raises:
            RunError: another one of this fit records in the same folder.
        """
        runs = [callback for callback in fit.callbacks.callbacks if isinstance(callback, Listener)]
        folder = self.folder.resolve()
        if sum(run.folder.resolve() == folder for run in runs) > 1:
            raise RunError(
                f"{self.folder}: two Runs of this fit would record there; give it one of them, or "
                "the other a folder of its own"
            )
        self._task = fit

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin to record, or go on."""
        model, task, known = self.model, self._task, self._resumed
        if known is not None or (self._resumes and beginning.holds_run(self.folder)):
            self._recording, self._states = beginning.go_on(
                self.folder, model, task, self._settings, known
            )
        else:
            beginning.refuse(self.folder)
            self._recording = beginning.begin(self.folder, model, task, self._settings)
        self._archive = self._recording.archive
        self._replay = None
        self._is_through = task.position.epoch >= task.plan.epochs or model.stop_training
        if task.position.batch == 0:
            self._restore_states()
        else:
            self._middle = Continuation(model)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Where training goes on in the middle of an epoch, all others have heard it begin now."""
        if self._middle is not None:
            self._middle.undo()
            self._present.begin_here()
            self._restore_states()
            self._middle = None

    def on_step(self, step: Step) -> None:
        """Note a step."""
        self._present.see(step)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Write it down, and take a checkpoint if one is due."""
        self._present.end_step()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the epoch's logs down."""
        self._present.end_epoch(epoch, logs or {})
        position = self._task.position
        self._is_through = position.epoch >= self._task.plan.epochs or self.model.stop_training

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Take the last checkpoint, of what the other callbacks have left.

        After an interruption there is none: a callback may have heard half of what happened.
        """
        try:
            if self._is_through:
                self._present.checkpoint()
        finally:
            self._present.close()
            self._recording = None

    def _restore_states(self) -> None:
        """Let the callbacks know again what they knew."""
        states, self._states = self._states, ()
        if not states:
            return
        try:
            callback_states.restore(self.folder, self._task.callbacks.callbacks, states)
        except BaseException:
            self._present.close()
            raise

    @property
    def _known(self) -> Archive:
        if self._archive is None:
            raise RunError(
                f"{self!r}: nothing is recorded yet; give it to model.fit(callbacks=[run]), or "
                "open one that was: nn.Run.open(folder)"
            )
        return self._archive

    @property
    def _present(self) -> Recording:
        assert self._recording is not None
        return self._recording
