"""What the digits studies look at in some of a training's steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import nnscratch as nn
from nnscratch.inspect.gradient_path import GradientPath
from nnscratch.inspect.units import distinct

COUNT = 40
"""Steps that figures show."""


class Points(nn.Callback):
    """Some forty steps of a training, close together at first and ever wider apart.

    What a first value does to learning shows in the first steps: 0, 1, 2, 3, 5 ...
    """

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.attenuation: dict[str, list[float]] = {}
        """By call: what it let through backward."""
        self.paths: dict[str, dict[str, Any]] = {}
        """The way of the gradient to the first convolution in the first, second and last step."""
        self.distinct: dict[str, list[int]] = {}
        """By kernel: how many units differed before the step."""

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Choose the steps."""
        total = self.params["steps"] * self.params["epochs"]
        chosen = np.geomspace(1, total, min(COUNT, total)).round().astype(int) - 1
        self._chosen = frozenset(chosen.tolist())
        self._whens = {0: "first", 1: "second", total - 1: "last"}

    def on_step(self, step: nn.Step) -> None:
        """Look at one step."""
        if step.index not in self._chosen:
            return
        self.steps.append(step.index)
        factors = nn.attenuation(step)
        for key, factor in factors.items():
            self.attenuation.setdefault(key, []).append(factor)
        if step.index in self._whens:
            self.paths[self._whens[step.index]] = in_factors(factors.path("conv_1"))
        for path, value in step.before.items():
            if value.ndim > 1:
                self.distinct.setdefault(path, []).append(distinct(value))

    def state(self) -> dict[str, Any]:
        """What was seen."""
        return {
            "steps": list(self.steps),
            "attenuation": {key: list(factors) for key, factors in self.attenuation.items()},
            "paths": dict(self.paths),
            "distinct": {path: list(counts) for path, counts in self.distinct.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with it."""
        self.steps = list(state["steps"])
        self.attenuation = {key: list(own) for key, own in state["attenuation"].items()}
        self.paths = dict(state["paths"])
        self.distinct = {path: list(own) for path, own in state["distinct"].items()}


def in_factors(path: GradientPath) -> dict[str, Any]:
    """The way of the gradient to a call, in numbers."""
    return {
        "total": path.total,
        "roles": path.roles,
        "least": path.label(path.least) if path.least else None,
        "hops": [
            {
                "call": path.label(hop),
                "role": hop.role,
                "factor": hop.factor,
                "mean_slope": hop.slope.mean if hop.slope else None,
            }
            for hop in path.hops
        ],
    }
