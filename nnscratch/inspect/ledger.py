"""Who earned the fall of the loss: the learning ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from nnscratch.core.step import Batch
from nnscratch.training.callbacks import Callback, Learner, Logs

if TYPE_CHECKING:
    from nnscratch.core.step import Step


class Stepper(Protocol):
    """A model that can say what its next step would be."""

    def compute_step(self, batch: Batch, keep: frozenset[str]) -> Step:
        """The step as a value."""


class Ledger(Callback):
    """Books the change of each batch's loss, by its own step, on the parameters that moved.

    Along the straight line from the old parameters to the new ones the loss changes by the
    integral of g . dw, which is a sum over the parameters. Its first-order estimate takes g at
    the start of the line; the entries here take the mean of g at both ends (the trapezoid rule),
    because steps of a useful size are far too long for the first order. That costs a second
    gradient of every batch.

    Dropout draws another mask for the second gradient, which the residual then shows.
    """

    def __init__(self) -> None:
        self.entries: dict[str, float] = {}
        """By parameter, the sum over the steps: negative where it made the loss fall."""
        self.first_order = 0.0
        """The sum of g . dw with g at the start of each step."""
        self.real = 0.0
        """The sum of what the losses of the batches really changed by."""
        self._step: Step | None = None

    def set_model(self, model: Learner) -> None:
        """Remember who can compute the second gradient."""
        super().set_model(model)
        self._stepper = cast(Stepper, model)

    def on_step(self, step: Step) -> None:
        """Keep the step until it is applied."""
        self._step = step

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Compare the batch before and after its step."""
        step = self._step
        assert step is not None
        again = self._stepper.compute_step(step.batch, frozenset())
        self.real += again.loss - step.loss
        for path in step.before:
            change = step.applied(path)
            start, end = dot(step.gradient(path), change), dot(again.gradient(path), change)
            self.first_order += start
            self.entries[path] = self.entries.get(path, 0.0) + (start + end) / 2

    @property
    def total(self) -> float:
        """The sum of the entries; its difference from `real` is the residual."""
        return sum(self.entries.values())

    def shares(self) -> dict[str, float]:
        """Each parameter's part of the total; all 0 where nothing changed."""
        total = self.total
        return {path: entry / total if total else 0.0 for path, entry in self.entries.items()}


def dot(a: Any, b: Any) -> float:
    """The inner product, in float64."""
    return float(np.sum(np.multiply(a, b, dtype=np.float64)))
