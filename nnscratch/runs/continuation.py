"""How a training goes on in its middle: callbacks hear it begin, and yet it does not begin."""

from __future__ import annotations

from pathlib import Path

from nnscratch.model import Model
from nnscratch.runs import callback_states
from nnscratch.runs.callback_states import Memories
from nnscratch.runs.recording import Held
from nnscratch.training.callbacks import Callback, Logs
from nnscratch.training.loop import Fit
from nnscratch.training.snapshot import Snapshot


class Continuation:
    """Keeps a model as it is while callbacks are told that its training, or an epoch, begins.

    They have to be told: they make ready then. But what they do to the model at that, such as
    setting a learning rate, they did when it did begin, and it is in the model already.
    """

    def __init__(self, model: Model):
        self._model = model
        self._snapshot = model.snapshot()
        self._held = Held.by(model)._replace(slots=None)

    def undo(self) -> bool:
        """Bring the model back; whether somebody had given it other numbers."""
        model, kept = self._model, self._snapshot
        found = model.snapshot()
        touched = not self._held.became(Held.by(model)) or found.compiled is not kept.compiled
        if touched or found.iteration != kept.iteration:
            model.restore(kept)
            self._held = Held.by(model)._replace(slots=None)
        return not alike(found, kept)


def alike(one: Snapshot, other: Snapshot) -> bool:
    """Whether two snapshots of a model are of the same numbers."""
    ours, theirs = one.compiled, other.compiled
    return (
        one.iteration == other.iteration
        and one.frozen == other.frozen
        and ours.objective is theirs.objective
        and ours.optimizer.learning_rate == theirs.optimizer.learning_rate
        and all(
            value.tobytes() == other.values[path].tobytes() for path, value in one.values.items()
        )
    )


class Beginning(Callback):
    """Lets a training go on in its middle: no callback changes the model before the first step.

    Args:
        folder: of the run that goes on.
        model: as it is before the first step.
        memories: what callbacks know again once they have heard training begin, and in the middle
            of an epoch that the epoch begins.

    Attributes:
        undone: whether a callback had given the model other numbers.
    """

    heard_last = True

    def __init__(self, folder: Path, model: Model, memories: Memories):
        self.learner = model
        self.memories = memories
        self.undone = False
        self._folder = folder
        self._continuation: Continuation | None = Continuation(model)
        self._remembers = False

    def set_fit(self, fit: Fit) -> None:
        """Where it goes on."""
        self._in_epoch = fit.position.batch > 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """All have heard that training begins."""
        self._undo()
        if not self._in_epoch:
            self._remind()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """All have heard that the epoch begins."""
        self._undo()
        if not self._remembers:
            self._remind()

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """The first step begins: from here on callbacks do what they like."""
        self._undo()
        self._continuation = None

    def _undo(self) -> None:
        if self._continuation is not None:
            self.undone |= self._continuation.undo()

    def _remind(self) -> None:
        callback_states.restore(self._folder, *self.memories)
        self._remembers = True
