"""The loops over batches: fit, evaluate and predict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nnscratch.backend import Backend
from nnscratch.core.executor import forward
from nnscratch.core.step import Step, Total
from nnscratch.kernels.ops import Array
from nnscratch.metrics import State
from nnscratch.training.batches import Rows
from nnscratch.training.callbacks import CallbackError, CallbackList
from nnscratch.training.compiled import Compiled
from nnscratch.training.pipeline import Start, penalty_of
from nnscratch.training.progress import with_bar
from nnscratch.training.streams import Stream

if TYPE_CHECKING:
    from nnscratch.model import Model


UNREAD = 256
"""Batches whose losses may wait to be read."""


class FitPlan(NamedTuple):
    """How `fit` goes over the rows."""

    batch_size: int
    epochs: int
    initial_epoch: int
    shuffle: bool


class Meter(NamedTuple):
    """Running loss and metrics: sums over rows, so that a short last batch counts as such."""

    loss: float = 0.0
    rows: int = 0
    states: tuple[State, ...] = ()
    unread: tuple[tuple[int, Total], ...] = ()
    """Rows and losses of the last batches, which are not in `loss` yet: to read the loss of a step
    is to wait for the GPU that computes it."""

    def plus(self, loss: Total, states: Sequence[State], rows: int) -> Meter:
        """With another batch counted in."""
        if self.states:
            pairs = zip(self.states, states, strict=True)
            states = [{name: old[name] + new[name] for name in new} for old, new in pairs]
        unread = (*self.unread, (rows, loss))
        meter = Meter(self.loss, self.rows + rows, tuple(states), unread)
        return meter if len(unread) < UNREAD else meter.read()

    def read(self) -> Meter:
        """With all losses counted in."""
        loss = self.loss
        for rows, value in self.unread:
            loss += float(value) * rows
        return self._replace(loss=loss, unread=())

    def logs(self, compiled: Compiled, prefix: str = "") -> dict[str, float]:
        """What has come together so far, by name."""
        results = {"loss": self.read().loss / self.rows, **compiled.results(self.states)}
        return {prefix + name: value for name, value in results.items()}


class Position(NamedTuple):
    """A place in a training: before which batch of which epoch."""

    epoch: int
    start: int
    """The steps taken when the epoch began: the order of its rows hangs on them."""
    batch: int = 0
    meter: Meter = Meter()
    """Loss and metrics of the epoch's batches before this one."""

    def on(self, backend: Backend) -> Position:
        """The place, with the metrics' sums as a backend's arrays."""
        states = [
            {name: backend.from_host(value) for name, value in state.items()}
            for state in self.meter.states
        ]
        return self._replace(meter=self.meter._replace(states=tuple(states)))

    def after(self, step: Step) -> Position:
        """The place behind a step."""
        meter = self.meter.plus(step.total, step.metric_states, len(step.batch))
        return self._replace(batch=self.batch + 1, meter=meter)


@dataclass
class Fit:
    """One call of `fit`: what it goes over, how, who listens, and how far it is."""

    source: Rows | Stream
    held_out: Rows | Stream | None
    plan: FitPlan
    callbacks: CallbackList
    position: Position

    @property
    def rows(self) -> Rows:
        """The rows that it goes over, for callbacks that look at all of them.

        Raises:
            CallbackError: somebody makes them as training goes on.
        """
        return at_once(self.source)

    @property
    def validation(self) -> Rows | None:
        """The rows that it validates on, for the same.

        Raises:
            CallbackError: somebody makes them as training goes on.
        """
        return None if self.held_out is None else at_once(self.held_out)


def at_once(source: Rows | Stream) -> Rows:
    """All rows.

    Raises:
        CallbackError: somebody makes them as training goes on.
    """
    if isinstance(source, Stream):
        raise CallbackError(
            "fit: a callback needs all rows that training goes over, as nn.Run and nn.Doctor "
            "do, and these are made as it goes on, so that they cannot be had again; give fit "
            "arrays: memory-mapped ones, np.load(file, mmap_mode='r'), take no memory"
        )
    return source


def fit(model: Model, task: Fit) -> None:
    """Train from a position to the last epoch.

    A callback may move the position when training begins: to go on where another `fit` was.
    """
    callbacks = task.callbacks
    model.stop_training = False
    callbacks.set_fit(task)
    callbacks.on_train_begin()
    try:
        while task.position.epoch < task.plan.epochs and not model.stop_training:
            epoch = task.position.epoch
            callbacks.on_epoch_begin(epoch)
            logs = train_epoch(model, task)
            if task.held_out is not None:
                size = task.plan.batch_size
                logs |= evaluate(model, task.held_out, size, callbacks, prefix="val_")
            task.position = Position(epoch + 1, model.iteration)
            callbacks.on_epoch_end(epoch, logs)
        if model.compiled.optimizer.use_ema:
            model.use_average()
    finally:
        callbacks.on_train_end()


def train_epoch(model: Model, task: Fit) -> dict[str, float]:
    """What is left of an epoch; returns the loss and metrics of the whole."""
    if task.position.batch == 0:  # callbacks may have taken steps of their own
        task.position = task.position._replace(start=model.iteration)
    for batch in batches(task.source, task.plan, model.seed, task.position):
        train_batch(model, task, batch)
        del batch  # its memory serves the next one
        if model.stop_training:
            break
    return task.position.meter.logs(model.compiled)


def train_batch(model: Model, task: Fit, batch: Rows) -> None:
    """One step of training. Nothing of it is held when it is over."""
    callbacks, number = task.callbacks, task.position.batch
    callbacks.on_train_batch_begin(number)
    watcher = callbacks if callbacks.watching else None
    step = model.compute_step(batch, callbacks.needs, watcher)
    callbacks.on_step(step)
    model.apply(step)
    task.position = task.position.after(step)
    logs = {"loss": step.loss, **step.metrics} if callbacks.hears_batches else {}
    callbacks.on_train_batch_end(number, logs)


def batches(source: Rows | Stream, plan: FitPlan, seed: int, position: Position) -> Iterator[Rows]:
    """The batches of an epoch from a position on: a function of the seed and the steps taken.

    Where somebody makes them, that is up to them.
    """
    shuffle = (position.start, seed) if plan.shuffle else None
    return source.batches(plan.batch_size, shuffle, position.batch)


def evaluate(
    model: Model,
    source: Rows | Stream,
    size: int,
    callbacks: CallbackList | None = None,
    prefix: str = "",
    verbose: str | int = 0,
) -> dict[str, float]:
    """Loss and metrics in inference mode; nothing changes."""
    start = model.start(model.context(training=False))
    meter = Meter()
    penalty = penalty_of(start)
    if callbacks:
        callbacks.on_test_begin()
    for rows in with_bar("Evaluating", source.batches(size), source.steps(size), verbose):
        batch = rows.on(model.backend)
        outputs = infer(start, batch.inputs)
        loss, _ = model.compiled.objective(start.ctx, outputs, batch)
        states = model.compiled.measure(start.ctx, outputs, batch)
        total = Total(((1.0, loss), (1.0, penalty)))
        meter = meter.plus(total, states, len(batch))
    logs = meter.logs(model.compiled, prefix)
    if callbacks:
        callbacks.on_test_end(logs)
    return logs


def predict(model: Model, source: Rows | Stream, size: int, verbose: str | int) -> list[Array]:
    """The outputs in inference mode, on the host, batch after batch."""
    start = model.start(model.context(training=False))
    parts = [
        [model.backend.to_host(y) for y in infer(start, batch.inputs)]
        for batch in with_bar("Predicting", source.batches(size), source.steps(size), verbose)
    ]
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def infer(start: Start, inputs: tuple[Array, ...]) -> tuple[Array, ...]:
    """The outputs of a forward pass of which nothing else is kept."""
    xs = tuple(map(start.ctx.backend.from_host, inputs))
    tape = forward(start.plan, start.ctx, start.params, start.state, xs, keep=frozenset())
    return tape.outputs
