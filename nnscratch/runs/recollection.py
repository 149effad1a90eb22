"""What callbacks know before a step of a run, as though they had listened to it up to there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from nnscratch.kernels.ops import Array
from nnscratch.model import Model
from nnscratch.runs import callback_states
from nnscratch.runs.archive import Archive
from nnscratch.runs.callback_states import Memories
from nnscratch.runs.continuation import Beginning
from nnscratch.runs.growth import Growth
from nnscratch.runs.packing import pack, unpack
from nnscratch.runs.replay import Replay
from nnscratch.training import feeding, loop
from nnscratch.training.callbacks import Callback, History, Logs
from nnscratch.training.loop import Fit, Position


def recollect(
    archive: Archive, replay: Replay, step: int, end: Position, callbacks: Sequence[Callback]
) -> Memories:
    """What some callbacks know before a step.

    A checkpoint holds what those of the run knew. From the one before the step on they hear the
    run again, with a model that is led its way.

    Args:
        archive: of the run.
        replay: takes its steps again.
        step: the step ...
        end: ... and its place.
        callbacks: those that have a state, and of whose class the run had as many, are told of.

    Raises:
        RunError, WeightFileError, ReplayError: see `nn.Run.step`.
    """
    given = [callback for callback in callbacks if not isinstance(callback, History)]
    if not callback_states.stateful(given):
        return Memories()
    checkpoints, plan = archive.checkpoints, archive.manifest.plan
    checkpoint = checkpoints.read(checkpoints.latest(step), archive.blueprint.compiled)
    listening, states = callback_states.paired(given, checkpoint.callbacks)
    memories = Memories(listening, Growth(archive.folder).resume(states))
    if not listening or checkpoint.position[:3] == end[:3]:
        return memories
    model, (rows, validation) = archive.blueprint.build(), archive.data
    model.restore(checkpoint.snapshot)
    guide = Guide(model, archive, memories, replay, step, end)
    hearers = [callback for callback in given if callback in listening or callback.adds]
    _, listeners = feeding.listeners(
        model, [guide, *hearers], 0, plan, rows, validation is not None
    )
    with suppress(ArrivedError):
        position = checkpoint.position.on(model.backend)
        loop.fit(model, Fit(rows, validation, plan, listeners, position))
    return Memories(listening, guide.states)


class ArrivedError(Exception):
    """Ends a recollection."""


class Guide(Beginning):
    """Leads a model the way of the run, whatever callbacks do to it, up to a step.

    Attributes:
        states: what the callbacks know there.
    """

    def __init__(
        self,
        model: Model,
        archive: Archive,
        memories: Memories,
        replay: Replay,
        step: int,
        end: Position,
    ):
        super().__init__(archive.folder, model, memories)
        self.states: list[callback_states.State] = []
        self._replay = replay
        self._next = model.iteration
        self._step = step
        self._end = end

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Bring the model to what it was before this step."""
        super().on_train_batch_begin(batch)
        self._replay.go_to(self._next)
        self.learner.restore(self._replay.model.snapshot())

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Count the step; the run went on behind it."""
        self._next += 1
        self.learner.stop_training = False
        if self._end.batch:
            self._look_around()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """The run went on behind the epoch."""
        self.learner.stop_training = False
        self._look_around()

    def _look_around(self) -> None:
        if self._next == self._step:
            states = callback_states.collect(self.memories.callbacks)
            self.states = [(kind, kept(state)) for kind, state in states]
            raise ArrivedError


def kept(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """A state as a checkpoint would bring it back: nothing in it is the callback's own."""
    arrays: dict[str, Array] = {}
    packed = pack(state, arrays, "state")
    found: Mapping[str, Any] = unpack(packed, {name: a.copy() for name, a in arrays.items()})
    return found
