"""The loops over batches: fit, evaluate and predict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nnscratch.core.executor import forward
from nnscratch.core.step import Batch
from nnscratch.kernels.ops import Array
from nnscratch.metrics import State
from nnscratch.training.batches import Rows, batch_slices, order
from nnscratch.training.callbacks import CallbackList
from nnscratch.training.compiled import Compiled
from nnscratch.training.pipeline import Start, penalty_of
from nnscratch.training.progress import with_bar

if TYPE_CHECKING:
    from nnscratch.model import Model


class FitPlan(NamedTuple):
    """How `fit` goes over the rows."""

    batch_size: int
    epochs: int
    initial_epoch: int
    shuffle: bool


class Meter:
    """Running loss and metrics: sums over rows, so that a short last batch counts as such."""

    def __init__(self, compiled: Compiled):
        self._compiled = compiled
        self._states: Sequence[State] = ()
        self._loss = 0.0
        self._rows = 0

    def add(self, loss: float, states: Sequence[State], rows: int) -> None:
        """Count a batch in."""
        self._loss += loss * rows
        self._rows += rows
        if self._states:
            pairs = zip(self._states, states, strict=True)
            states = [{name: old[name] + new[name] for name in new} for old, new in pairs]
        self._states = states

    def logs(self, prefix: str = "") -> dict[str, float]:
        """What has come together so far, by name."""
        results = {"loss": self._loss / self._rows, **self._compiled.results(self._states)}
        return {prefix + name: value for name, value in results.items()}


def fit(
    model: Model, rows: Rows, validation: Rows | None, callbacks: CallbackList, plan: FitPlan
) -> None:
    """Train for some epochs; the order of rows is a function of the seed and the steps taken."""
    model.stop_training = False
    callbacks.on_train_begin()
    try:
        for epoch in range(plan.initial_epoch, plan.epochs):
            callbacks.on_epoch_begin(epoch)
            indices = order(len(rows), model.iteration, model.seed, plan.shuffle)
            batches = (
                rows.take(indices[place]) for place in batch_slices(len(rows), plan.batch_size)
            )
            logs = train_epoch(model, batches, callbacks)
            if validation is not None:
                logs |= evaluate(model, validation, plan.batch_size, callbacks, prefix="val_")
            callbacks.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
    finally:
        callbacks.on_train_end()


def train_epoch(
    model: Model, batches: Iterator[Batch], callbacks: CallbackList
) -> dict[str, float]:
    """One pass over the rows; returns the epoch's loss and metrics."""
    meter = Meter(model.compiled)
    for number, batch in enumerate(batches):
        callbacks.on_train_batch_begin(number)
        step = model.compute_step(batch, keep=callbacks.needs)
        callbacks.on_step(step)
        model.apply(step)
        meter.add(step.loss, step.metric_states, len(batch))
        callbacks.on_train_batch_end(number, {"loss": step.loss, **step.metrics})
        if model.stop_training:
            break
    return meter.logs()


def evaluate(
    model: Model,
    rows: Rows,
    batch_size: int,
    callbacks: CallbackList | None = None,
    prefix: str = "",
    verbose: str | int = 0,
) -> dict[str, float]:
    """Loss and metrics in inference mode; nothing changes."""
    start = model.start(model.context(training=False))
    meter = Meter(model.compiled)
    penalty = penalty_of(start)
    if callbacks:
        callbacks.on_test_begin()
    for place in with_bar("Evaluating", batch_slices(len(rows), batch_size), verbose):
        batch = rows.take(place)
        outputs = infer(start, batch.inputs)
        loss, _ = model.compiled.objective(start.ctx, outputs, batch)
        states = model.compiled.measure(start.ctx, outputs, batch)
        meter.add(loss + penalty, states, len(batch))
    logs = meter.logs(prefix)
    if callbacks:
        callbacks.on_test_end(logs)
    return logs


def predict(
    model: Model, inputs: tuple[Array, ...], batch_size: int, verbose: str | int
) -> list[Array]:
    """The outputs in inference mode, on the host, batch after batch."""
    start = model.start(model.context(training=False))
    parts = [
        [model.backend.to_host(y) for y in infer(start, tuple(x[place] for x in inputs))]
        for place in with_bar("Predicting", batch_slices(len(inputs[0]), batch_size), verbose)
    ]
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def infer(start: Start, inputs: tuple[Array, ...]) -> tuple[Array, ...]:
    """The outputs of a forward pass of which nothing else is kept."""
    tape = forward(start.plan, start.ctx, start.params, start.state, inputs, keep=frozenset())
    return tape.outputs
