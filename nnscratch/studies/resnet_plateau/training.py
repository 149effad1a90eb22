"""Training question 004's network as the asker did: validation_split and early stopping."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

import nnscratch as nn
from nnscratch.kernels.ops import Array
from nnscratch.studies import training
from nnscratch.studies.resnet_plateau.modes import Labelled, TwoModes, accuracy, run
from nnscratch.studies.resnet_plateau.net import SIZES, SPLIT, Trial, build, images, unseen_images
from nnscratch.studies.study import Measurements, Setting, Variant

SAMPLE = 256
"""Rows on which both modes are compared after each epoch."""
TEST_ROWS = 1000
POINTS = 10
"""Points per epoch in the course of training."""

Besides = Callable[[Trial, Setting], Measurements]
"""What a variant measures besides."""


def variant(name: str, change: str, trial: Trial, besides: Besides | None = None) -> Variant:
    """A variant that trains the network in this way, and may measure more."""

    def measure(setting: Setting) -> Measurements:
        measured = train(trial, setting)
        return {**measured, **besides(trial, setting)} if besides else measured

    return Variant(name, change, measure)


def train(trial: Trial, setting: Setting) -> Measurements:
    """Train the network, and measure it epoch by epoch."""
    x, y = images(trial, setting)
    model = build(trial, setting)
    split = math.floor(len(x) * (1 - SPLIT))
    probe = TwoModes(spread(x[:split], y[:split]), spread(x[split:], y[split:]))
    stopping = nn.EarlyStopping("val_loss", patience=trial.patience)
    batch_size = SIZES[setting.scale].batches[trial.batch_size]
    history = training.fit(
        model,
        setting,
        x,
        y,
        batch_size=batch_size,
        epochs=trial.epochs.at(setting),
        validation_split=SPLIT,
        callbacks=[probe, stopping],
    )
    unseen, labels = unseen_images(trial, setting, TEST_ROWS)
    return {
        "scale": setting.scale,
        "batch_size": batch_size,
        "momentum": trial.momentum if trial.batch_norm else None,
        "updates": model.iteration,
        "epochs": len(history.epoch),
        "stopped_early": stopping.stopped_epoch > 0,
        "history": history.history,
        "first_loss": probe.loss[0],
        "first_move": float(np.median(probe.first_moves)),
        "course": course(probe.loss, probe.accuracy, len(history.epoch)),
        "test_accuracy": accuracy(run(model, unseen, training=False), labels),
        **absent(model, probe.held_out, y[:split]),
    }


def spread(x: Array, y: Array) -> Labelled:
    """Some rows, evenly spread over all."""
    chosen = np.linspace(0, len(x) - 1, min(SAMPLE, len(x))).astype(int)
    return x[chosen], y[chosen]


def course(loss: Sequence[float], right: Sequence[float], epochs: int) -> dict[str, list[float]]:
    """The batches' losses and accuracies, each number the mean over some steps of one epoch."""
    steps = len(loss) // epochs
    within = np.array_split(np.arange(steps), min(steps, POINTS))
    parts = [epoch * steps + part for epoch in range(epochs) for part in within]
    return {
        "epoch": [float((part[-1] + 1) / steps) for part in parts],
        "loss": [float(np.mean(np.array(loss)[part])) for part in parts],
        "accuracy": [float(np.mean(np.array(right)[part])) for part in parts],
    }


def absent(model: nn.Model, held_out: Labelled, seen_labels: Array) -> Measurements:
    """The classes that training rows have nothing of, and the accuracy on rows of these."""
    x, y = held_out
    missing = ~np.isin(y, seen_labels)  # (N,)
    classes = len(np.unique(y[missing]))
    if not classes:
        return {"absent_classes": 0}
    right = accuracy(run(model, x[missing], training=False), y[missing])
    return {"absent_classes": classes, "absent_accuracy": right}
