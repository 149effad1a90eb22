"""Measuring a network with batch norm in both of its modes while it trains.

Batch norm computes one thing in training, by the batch's own statistics, and another when it
infers, by moving averages of these. Training accuracy is measured in the one mode and validation
accuracy in the other, so their difference has two possible causes: the rows and the mode. Here
each kind of rows is measured in the other mode too, which tells them apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import nnscratch as nn
from nnscratch.core.store import host
from nnscratch.inspect.norms import norm
from nnscratch.kernels.ops import Array

ROWS = 32
"""Rows in each batch of such a measurement."""

Logs = dict[str, float]
Labelled = tuple[Array, Array]
"""Images (N, side, side, 1) and labels (N,)."""


class TwoModes(nn.Callback):
    """Adds to every epoch's logs what each mode makes of some rows, and keeps every batch's.

    seen_accuracy, moving_accuracy: of training and of validation rows, by the moving averages.
    batch_accuracy: of the same validation rows, by their batches' own statistics.
    logit_gain: how much larger the logits are by the moving averages than by the batches' own.
    stem_divisor_gain, inner_divisor_gain: by how much more the first batch norm, and the others,
        divide: see `divisor_gains`.

    Args:
        seen: training rows.
        held_out: validation rows.
    """

    model: nn.Model

    def __init__(self, seen: Labelled, held_out: Labelled):
        self.seen = seen
        self.held_out = held_out
        self.loss: list[float] = []
        self.accuracy: list[float] = []
        self.first_moves: list[float] = []
        """How far the first step moves each kernel, against the kernel."""

    def on_step(self, step: nn.Step) -> None:
        """Look at the first step."""
        if step.index == 0:
            kernels = [path for path in step.before if path.endswith("/kernel")]
            self.first_moves = [norm(step.updates[k]) / norm(step.before[k]) for k in kernels]

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Keep the batch's own loss and accuracy."""
        logs = logs or {}
        self.loss.append(logs["loss"])
        self.accuracy.append(logs["accuracy"])

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare the modes."""
        logs = {} if logs is None else logs
        seen, labels = self.seen
        logs["seen_accuracy"] = accuracy(run(self.model, seen, training=False), labels)
        held_out, labels = self.held_out
        moving = run(self.model, held_out, training=False)
        own = run(self.model, held_out, training=True)
        logs["moving_accuracy"] = accuracy(moving, labels)
        logs["batch_accuracy"] = accuracy(own, labels)
        logs["logit_gain"] = size(moving) / size(own)
        logs |= divisor_gains(self.model, held_out[:ROWS])

    def state(self) -> Mapping[str, Any]:
        """What it has seen so far."""
        return {"loss": self.loss, "accuracy": self.accuracy, "first_moves": self.first_moves}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take that over."""
        self.loss = list(state["loss"])
        self.accuracy = list(state["accuracy"])
        self.first_moves = list(state["first_moves"])


def run(model: nn.Model, x: Array, training: bool) -> Array:
    """A model's logits (N, K) in one of the modes, batch after batch."""
    batches = (x[start : start + ROWS].astype(model.dtype) for start in range(0, len(x), ROWS))
    return np.concatenate([host(model.forward(b, training=training).outputs[0]) for b in batches])


def divisor_gains(model: nn.Model, x: Array) -> Logs:
    """The deviations by the moving averages against those of a batch, at the stem and behind it.

    Each number is the median over all channels. Nothing where there is no batch norm.
    """
    gains: dict[str, list[float]] = {}
    for call in model.forward(x.astype(model.dtype), training=True).values():
        if isinstance(call.layer, nn.BatchNormalization):
            moving, own = host(call.state_in["moving_variance"]), host(call.cache.variance)  # (C,)
            ratios = np.sqrt((moving + call.layer.epsilon) / (own + call.layer.epsilon))
            place = "stem" if call.path == "stem_norm" else "inner"
            gains.setdefault(f"{place}_divisor_gain", []).extend(ratios.tolist())
    return {name: float(np.median(ratios)) for name, ratios in gains.items()}


def accuracy(logits: Array, labels: Array) -> float:
    """The share of rows whose largest logit (N, K) is that of their label (N,)."""
    return float(np.mean(np.argmax(logits, axis=1) == labels))


def size(logits: Array) -> float:
    """The root of the mean square, in float64."""
    return float(np.sqrt(np.mean(np.square(logits, dtype=np.float64))))
