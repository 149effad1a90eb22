"""Training a system of the study frozen-accuracy, and what is measured of it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

import nnscratch as nn
from nnscratch.core.store import host
from nnscratch.kernels.ops import Array
from nnscratch.studies import training
from nnscratch.studies.frozen_accuracy.net import (
    ASKER,
    BATCH,
    SMALLER,
    Net,
    build,
    images,
    square_norm,
)
from nnscratch.studies.study import Measurements, Setting, Variant

STARTS = 12
"""Starts of the asker's system that are tried for an epoch each."""
CALLS = ("conv", "conv_activation", "hidden", "hidden_activation", "output")
WEIGHTS = (
    *("conv/kernel", "conv/bias", "hidden/kernel", "hidden/bias", "output/kernel", "output/bias"),
)
PICTURED = (1, 2, 3, 5)
"""Epochs at whose beginning the filters are pictured; and at the end."""
PIXELS, FILTERS = 8, 8
"""The side of a picture, and how many filters are pictured."""
POINTS = 40
"""Mini-batches that are written down besides those of the first two epochs."""


def variant(name: str, change: str, net: Net) -> Variant:
    """A variant that trains such a system from the published start."""
    return Variant(name, change, lambda setting: train(net, setting, published_start(setting)))


def asker(name: str, change: str) -> Variant:
    """The asker's system, and where other starts of it lead."""

    def run(setting: Setting) -> Measurements:
        measured = train(ASKER, setting, published_start(setting))
        return {**measured, "starts": [first_epoch_of(setting, start) for start in starts(setting)]}

    return Variant(name, change, run)


def starts(setting: Setting) -> range:
    """The seeds of a study's starts."""
    return range(100 * setting.seed, 100 * setting.seed + STARTS)


def published_start(setting: Setting) -> int:
    """The first start from which an epoch leaves every image silent, and in the smaller class.

    The asker's was one of those. A system that freezes puts all images into one class or the other;
    which of them is chance, but it decides what is printed. Where no start does so: the first one.
    """
    for start in starts(setting):
        seen = first_epoch_of(setting, start)
        if seen["silent"] == seen["smaller"] == seen["rows"]:
            return start
    return starts(setting)[0]


def first_epoch_of(setting: Setting, start: int) -> dict[str, Any]:
    """How the asker's system answers the training set after an epoch from some start."""
    return _first_epoch(setting.backend, setting.scale, start)


@functools.cache
def _first_epoch(backend: str, scale: str, start: int) -> dict[str, Any]:
    setting = Setting(backend, scale=scale)
    x, y = images(ASKER, setting)
    model = build(ASKER, setting, x, start)
    model.fit(x, y, BATCH, epochs=1, verbose=0)
    return {"start": start, **look(model, x, y)}


def train(net: Net, setting: Setting, start: int) -> Measurements:
    """Train a system from a start, and watch every mini-batch."""
    x, y = images(net, setting)
    model = build(net, setting, x, start)
    recorder, filters = nn.Recorder(every=None, select=[*CALLS, *WEIGHTS]), Filters(model)
    before = look(model, x, y)
    history = training.fit(
        model,
        setting,
        x,
        y,
        batch_size=BATCH,
        epochs=net.epochs.at(setting),
        validation_data=(x, y),
        callbacks=[recorder, filters] if net.pictures else [recorder],
    )
    return {
        "start": start,
        "learning_rate": model.learning_rate,
        "square_norm": square_norm(x),
        "pixels": x[0].size,
        "epsilon": net.epsilon,
        "before": before,
        "after": look(model, x, y),
        "epochs": history.history,
        "pictures": {when: picture.tolist() for when, picture in filters.pictures.items()},
        **course(recorder, len(history.epoch)),
    }


def look(model: nn.Model, x: Array, y: Array) -> dict[str, Any]:
    """How a model answers the whole training set, and which rows and units are silent.

    A row is silent where the gradient of its loss by the answer is exactly 0, a unit is dead where
    it says 0 to every row.
    """
    tape = model.forward(x)
    (answers,), logits = tape.outputs, host(tape["output"].output)  # (N, 2) both
    (term,) = model.compiled.objective.terms
    targets = model.backend.from_host(y.astype(answers.dtype))
    losses, derivative = map(host, term.loss.values(tape.ctx, answers, targets))
    answers = host(answers)
    answered = np.argmax(answers, axis=1)  # (N,)
    wrong = answered != np.argmax(y, axis=1)
    silent = ~np.any(derivative, axis=1)  # (N,)
    margins = np.abs(logits[:, 0] - logits[:, 1])  # (N,)
    return {
        "rows": len(x),
        "loss": float(np.mean(losses, dtype=np.float64)),
        "wrong": int(np.sum(wrong)),
        "silent": int(np.sum(silent)),
        "wrong_and_silent": int(np.sum(wrong & silent)),
        "smaller": int(np.sum(answered == SMALLER)),
        "smallest_margin": float(np.min(margins)),
        "median_margin": float(np.median(margins)),
        "dead_filters": dead(host(tape["conv_activation"].output)),
        "dead_units": dead(host(tape["hidden_activation"].output)),
    }


def dead(y: Array) -> int:
    """The number of units of an activation (N, ..., units) that are 0 in all rows and places."""
    return int(np.sum(~np.any(y.reshape(-1, y.shape[-1]), axis=0)))


def course(recorder: nn.Recorder, epochs: int) -> dict[str, Any]:
    """What the recorder saw, mini-batch by mini-batch; thinned out after the second epoch."""
    gradients, updates = (
        np.max([getattr(recorder[path], what).largest for path in WEIGHTS], axis=0)  # (steps,)
        for what in ("gradient", "update")
    )
    total = len(recorder.steps)
    later = np.geomspace(1, total, POINTS).round().astype(int) - 1
    kept = np.union1d(np.arange(2 * total // epochs), later)

    def thinned(series: Mapping[str, Array]) -> dict[str, list[float]]:
        return {name: values[kept].tolist() for name, values in series.items()}

    return {
        "mini_batches": total,
        "moving": int(np.count_nonzero(updates)),
        "largest_gradient": gradients.reshape(epochs, -1).max(axis=1).tolist(),  # (epochs,)
        "largest_update": updates.reshape(epochs, -1).max(axis=1).tolist(),  # (epochs,)
        "largest_batch_loss": float(np.max(recorder.loss)),
        "steps": np.array(recorder.steps)[kept].tolist(),
        "batch_loss": np.array(recorder.loss)[kept].tolist(),
        "activations": thinned({key: recorder[key].output.largest for key in CALLS}),
        "zeros": thinned({key: recorder[key].output.zeros for key in CALLS}),
        "output_gradients": thinned({key: recorder[key].output_gradient.norm for key in CALLS}),
        "gradients": thinned({path: recorder[path].gradient.norm for path in WEIGHTS}),
    }


class Filters(nn.Callback):
    """Pictures the first filters of the convolution when an epoch begins."""

    def __init__(self, network: nn.Model):
        self.network = network
        self.pictures: dict[str, Array] = {}
        """(PIXELS, PIXELS, FILTERS): each pixel is the mean of a block of weights."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Picture them in the first epochs."""
        if epoch + 1 in PICTURED:
            self.pictures[f"epoch {epoch + 1}"] = self._picture()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Picture them a last time."""
        self.pictures["the end"] = self._picture()

    def state(self) -> Mapping[str, Any]:
        """The pictures so far."""
        return self.pictures

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with them."""
        self.pictures = dict(state)

    def _picture(self) -> Array:
        kernel = host(self.network.params["conv/kernel"])[:, :, 0, :FILTERS]  # (S, S, FILTERS)
        block = kernel.shape[0] // PIXELS
        blocks = kernel.reshape(PIXELS, block, PIXELS, block, -1)
        picture: Array = blocks.mean(axis=(1, 3))  # (PIXELS, PIXELS, FILTERS)
        return picture
