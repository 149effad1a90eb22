"""Small programs for the doctor's tests, and what their diagnoses say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.doctor import Certainty
from tests.backends import BACKEND

RNG = np.random.default_rng(0)
X = RNG.standard_normal((200, 4)).astype(np.float32)
PLANE = X[:, :2]
CROSS = (X[:, 0] * X[:, 1] > 0).astype(np.float32)
"""What no straight line through PLANE tells apart."""
YES = (X[:, 0] > 0).astype(np.float32)
CLASSES = np.digitize(X[:, 1], [-0.5, 0.5])
ONE_HOT = np.eye(3, dtype=np.float32)[CLASSES]
LABELS = (X[:, :3] > 0).astype(np.float32)
NUMBERS = X[:, :1] - X[:, 1:2]
SHARES = (NUMBERS - NUMBERS.min()) / np.ptp(NUMBERS)
"""NUMBERS from 0 to 1."""
TEN = np.argsort(np.argsort(X[:, 0] + X[:, 1])) // 20
"""Ten classes of equal size."""
IMAGES = np.kron(X.reshape(200, 2, 2), np.ones((3, 3)))[..., None].astype(np.float32)
"""(200, 6, 6, 1), each of four even squares."""

PIXELS = (IMAGES - IMAGES.min()) / np.ptp(IMAGES)
"""IMAGES from 0 to 1."""

HIDDEN = nn.Dense(8, "tanh")
BINARY, CATEGORICAL = nn.losses.BinaryCrossentropy, nn.losses.CategoricalCrossentropy
SPARSE = nn.losses.SparseCategoricalCrossentropy


def stack(depth: int, units: int, activation: str, **options: Any) -> tuple[nn.Layer, ...]:
    """Dense layers, one behind the other."""
    return tuple(nn.Dense(units, activation, **options) for _ in range(depth))


class Program(NamedTuple):
    """A network, its data, and how it is trained."""

    layers: tuple[nn.Layer, ...]
    """Behind the input."""
    loss: Any
    y: np.ndarray
    x: np.ndarray = X
    optimizer: Any = nn.Adam(0.01)
    epochs: int = 40
    batch_size: int = 20
    validation_split: float = 0.0
    metrics: Any = None

    def model(self) -> nn.Model:
        """A new one, whose weights are those of no other, though layers may be."""
        layers = [nn.Input(self.x.shape[1:]), *self.layers]
        model = nn.Sequential(layers, seed=0, backend=BACKEND, store=nn.Store())
        model.compile(self.optimizer, self.loss, metrics=self.metrics)
        return model

    def diagnosis(self) -> nn.Diagnosis:
        return diagnosis(
            self.model(),
            self.y,
            self.x,
            epochs=self.epochs,
            batch_size=self.batch_size,
            validation_split=self.validation_split,
        )


def first(program: Program) -> str | None:
    """The cause that is named first, where it is at least likely."""
    found = program.diagnosis().findings
    return found[0].cause if found and found[0].certainty >= Certainty.likely else None


def complaints(program: Program) -> list[str]:
    """Everything that is not well: causes, however unsure, and that nothing was learned."""
    found = program.diagnosis()
    return causes(found) + ([] if found.outcome.learned else ["has not learned"])


def programs(table: Mapping[str, Program]) -> pytest.MarkDecorator:
    """A test of each program, under its name."""
    return pytest.mark.parametrize("program", table.values(), ids=table)


def programs_by_cause(table: Mapping[str, Program]) -> pytest.MarkDecorator:
    """A test of each program and the cause that it stands under."""
    return pytest.mark.parametrize(("cause", "program"), table.items(), ids=table)


def net(*layers: Any, loss: Any, optimizer: Any = None) -> nn.Model:
    model = nn.Sequential([nn.Input((4,)), nn.Dense(8, "tanh"), *layers], seed=0, backend=BACKEND)
    model.compile(optimizer or nn.Adam(0.01), loss)
    return model


def diagnosis(model: nn.Model, y: np.ndarray, x: np.ndarray = X, **options: Any) -> nn.Diagnosis:
    return nn.diagnose(model, x, y, **{"epochs": 40, "batch_size": 20, "budget": 0} | options)


def causes(found: nn.Diagnosis) -> list[str]:
    return [finding.cause for finding in found.findings]
