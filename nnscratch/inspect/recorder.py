"""Recorder: the course of every parameter through `fit`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from nnscratch.core.describe import norm
from nnscratch.inspect.attenuation import attenuation
from nnscratch.inspect.units import distinct
from nnscratch.training.callbacks import Callback, Logs

if TYPE_CHECKING:
    from nnscratch.core.step import Step


@dataclass
class Track:
    """One parameter. The lists have an entry for each recorded step."""

    gradient: list[float] = field(default_factory=list)
    """Norm of the gradient."""
    ratio: list[float | None] = field(default_factory=list)
    """Norm of the change against the norm of the value; None where the value is all 0."""
    distinct: list[int] = field(default_factory=list)
    """How many units differ before the step; kernels only."""
    largest_gradient: float = 0.0
    """The largest entry of the gradient in any step, recorded or not: 0 is a proof."""


class Recorder(Callback):
    """Records gradients, changes, distinct units, and what each call lets through backward.

    Every step is looked at; about `points` of them are recorded, close together at first and
    ever wider apart (steps 0, 1, 2, 3, 5 ...), since what a first value does to learning shows
    in the first steps.
    """

    needs = frozenset({"output_gradient", "input_gradients"})

    def __init__(self, points: int = 40):
        self.points = points
        self.steps: list[int] = []
        self.loss: list[float] = []
        self.tracks: dict[str, Track] = {}
        self.attenuation: dict[str, list[float | None]] = {}
        """By call, an entry for each recorded step."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Choose the steps to record."""
        total = self.params["steps"] * self.params["epochs"]
        chosen = np.geomspace(1, total, min(self.points, total)).round().astype(int) - 1
        self._chosen = frozenset(chosen.tolist())

    def on_step(self, step: Step) -> None:
        """Look at one step."""
        record = step.index in self._chosen
        if record:
            self.steps.append(step.index)
            self.loss.append(step.loss)
            for key, factor in attenuation(step.calls).items():
                self.attenuation.setdefault(key, []).append(factor)
        for path in step.before:
            track = self.tracks.setdefault(path, Track())
            largest = np.max(np.abs(step.gradient(path)))
            track.largest_gradient = float(np.maximum(track.largest_gradient, largest))
            if record:
                _record(track, step, path)


def _record(track: Track, step: Step, path: str) -> None:
    value = norm(step.before[path])
    track.gradient.append(norm(step.gradient(path)))
    track.ratio.append(norm(step.applied(path)) / value if value else None)
    if step.before[path].ndim > 1:
        track.distinct.append(distinct(step.before[path]))
