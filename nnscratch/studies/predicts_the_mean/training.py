"""Training question 003's network, and measuring it before, meanwhile and afterwards."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

import nnscratch as nn
from nnscratch.inspect.norms import change, norm
from nnscratch.kernels.ops import Array
from nnscratch.studies import training
from nnscratch.studies.predicts_the_mean.measures import answers, error, linear, run, step_look
from nnscratch.studies.predicts_the_mean.net import SIZES, Data, Net, build, images
from nnscratch.studies.study import Measurements, Setting, Variant
from nnscratch.studies.training import weights

SAMPLE = 512
"""Rows on which both modes are compared."""


class Modes(nn.Callback):
    """Before training and after each epoch: the error in both modes, against the best constant's.

    Args:
        x: images to look at.
        y: their targets.
    """

    model: nn.Model

    def __init__(self, x: Array, y: Array):
        self.x, self.y = x, y
        self.course: dict[str, list[float]] = {"training": [], "inference": []}

    def state(self) -> Mapping[str, Any]:
        """The course so far."""
        return {mode: list(errors) for mode, errors in self.course.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with it."""
        self.course = {mode: list(errors) for mode, errors in state.items()}

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Look at the untrained network."""
        if not self.course["training"]:
            self._look()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Look again."""
        self._look()

    def _look(self) -> None:
        for mode, errors in self.course.items():
            found = run(self.model, self.x, training=mode == "training")
            errors.append(error(found, self.y))


def variant(name: str, change: str, net: Net) -> Variant:
    """A variant that trains such a network."""
    return Variant(name, change, lambda setting: train(net, setting))


def train(net: Net, setting: Setting) -> Measurements:
    """Train the network of a recipe, and measure it before, meanwhile and afterwards."""
    size = SIZES[setting.scale]
    data = images(net, setting)
    sample = Data(data.x[:SAMPLE], data.y[:SAMPLE], data.unseen_x, data.unseen_y)
    batch = nn.Batch((data.x[: size.batch_size],), (data.y[: size.batch_size],))
    model = build(net, setting)
    first = weights(model)
    untrained = model.predict(sample.x, verbose=0)
    before = step_look(model.compute_step(batch))
    modes = Modes(sample.x, sample.y)
    recorder = nn.Recorder(every=None, select="*/kernel")
    training.fit(
        model,
        setting,
        data.x,
        data.y,
        batch_size=size.batch_size,
        epochs=net.epochs.at(setting),
        callbacks=[modes, recorder],
    )
    return {
        "scale": setting.scale,
        "batch_size": size.batch_size,
        "updates": model.iteration,
        "learning_rate": model.learning_rate,
        "targets": list(net.targets),
        "linear": linear(data),
        "distance_from_half": float(np.max(np.abs(untrained - 0.5))),
        "before": before,
        "after": step_look(model.compute_step(batch)),
        "answers": answers(model, sample),
        "course": modes.course,
        "get_weights": [list(weight.shape) for weight in model.get_weights()[:2]],
        "largest_first_bias": max(
            float(np.max(np.abs(bias))) for path, bias in first.items() if path.endswith("/bias")
        ),
        "kernels": kernels(model, first, recorder),
    }


def kernels(
    model: nn.Model, first: Mapping[str, Array], recorder: nn.Recorder
) -> dict[str, dict[str, float]]:
    """How large each kernel was, how far it moved, and a typical step, both against itself."""
    last = weights(model)
    return {
        path: {
            "size": norm(kernel) / math.sqrt(kernel.size),
            "moved": change(kernel, last[path]) / norm(kernel),
            "ratio": float(np.median(recorder[path].ratio)),
        }
        for path, kernel in first.items()
        if path.endswith("/kernel")
    }
