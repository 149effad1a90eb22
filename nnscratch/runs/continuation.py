"""How a training goes on in its middle: callbacks hear it begin, and yet it does not begin."""

from __future__ import annotations

from nnscratch.model import Model
from nnscratch.runs.recording import Held
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
        """Bring the model back; whether somebody had changed it."""
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
