"""The loops over batches: fit, evaluate and predict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nnscratch.core.context import Context
from nnscratch.core.executor import forward
from nnscratch.core.step import Batch
from nnscratch.kernels.ops import Array
from nnscratch.training.batches import Rows, batch_slices, order
from nnscratch.training.callbacks import CallbackList
from nnscratch.training.compiled import Compiled
from nnscratch.training.pipeline import Start, penalty_of

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

    def __init__(self, ctx: Context, compiled: Compiled):
        self._ctx = ctx
        self._measures = compiled.measures
        self._states = [measure.metric.init(ctx) for measure in compiled.measures]
        self._loss = 0.0
        self._rows = 0

    def add(self, loss: float, outputs: Sequence[Array], batch: Batch) -> None:
        """Count a batch in."""
        self._loss += loss * len(batch)
        self._rows += len(batch)
        for i, (_, output, metric) in enumerate(self._measures):
            target = batch.targets[output]
            self._states[i] = metric.update(
                self._ctx, self._states[i], outputs[output], target, batch.weights
            )

    def logs(self, prefix: str = "") -> dict[str, float]:
        """What has come together so far, by name."""
        logs = {f"{prefix}loss": self._loss / self._rows}
        for (name, _, metric), state in zip(self._measures, self._states, strict=True):
            logs[prefix + name] = metric.result(state)
        return logs


def fit(
    model: Model, rows: Rows, validation: Rows | None, callbacks: CallbackList, plan: FitPlan
) -> None:
    """Train for some epochs; each one's order of rows is a function of its number and the seed."""
    model.stop_training = False
    callbacks.on_train_begin()
    try:
        for epoch in range(plan.initial_epoch, plan.epochs):
            callbacks.on_epoch_begin(epoch)
            indices = order(len(rows), epoch, model.seed, plan.shuffle)
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
    meter = Meter(model.context(training=True), model.compiled)
    for number, batch in enumerate(batches):
        callbacks.on_train_batch_begin(number)
        step = model.compute_step(batch, keep=callbacks.needs)
        callbacks.on_step(step)
        model.apply(step)
        meter.add(step.loss, step.calls.outputs, step.batch)
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
) -> dict[str, float]:
    """Loss and metrics in inference mode; nothing changes."""
    start = model.start(model.context(training=False))
    meter = Meter(start.ctx, model.compiled)
    penalty = penalty_of(start)
    if callbacks:
        callbacks.on_test_begin()
    for place in batch_slices(len(rows), batch_size):
        batch = rows.take(place)
        outputs = infer(start, batch.inputs)
        loss, _ = model.compiled.objective(start.ctx, outputs, batch)
        meter.add(loss + penalty, outputs, batch)
    logs = meter.logs(prefix)
    if callbacks:
        callbacks.on_test_end(logs)
    return logs


def predict(model: Model, inputs: tuple[Array, ...], batch_size: int) -> list[Array]:
    """The outputs in inference mode, on the host, batch after batch."""
    start = model.start(model.context(training=False))
    parts = [
        [model.backend.to_host(y) for y in infer(start, tuple(x[place] for x in inputs))]
        for place in batch_slices(len(inputs[0]), batch_size)
    ]
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def infer(start: Start, inputs: tuple[Array, ...]) -> tuple[Array, ...]:
    """The outputs of a forward pass of which nothing else is kept."""
    tape = forward(start.plan, start.ctx, start.params, start.state, inputs, keep=frozenset())
    return tape.outputs
