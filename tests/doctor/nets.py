"""Small programs for the doctor's tests."""

from __future__ import annotations

from typing import Any

import numpy as np

import nnscratch as nn

RNG = np.random.default_rng(0)
X = RNG.standard_normal((200, 4)).astype(np.float32)
YES = (X[:, 0] > 0).astype(np.float32)
CLASSES = np.digitize(X[:, 1], [-0.5, 0.5])
ONE_HOT = np.eye(3, dtype=np.float32)[CLASSES]
LABELS = (X[:, :3] > 0).astype(np.float32)
NUMBERS = X[:, :1] - X[:, 1:2]


def net(*layers: Any, loss: Any, optimizer: Any = None) -> nn.Model:
    model = nn.Sequential([nn.Input((4,)), nn.Dense(8, "tanh"), *layers], seed=0, backend="numpy")
    model.compile(optimizer or nn.Adam(0.01), loss)
    return model


def diagnosis(model: nn.Model, y: np.ndarray, x: np.ndarray = X, **options: Any) -> nn.Diagnosis:
    return nn.diagnose(model, x, y, **{"epochs": 40, "batch_size": 20} | options)


def causes(found: nn.Diagnosis) -> list[str]:
    return [finding.cause for finding in found.findings]
