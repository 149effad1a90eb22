"""Silence: which units put out 0 on every training row, not only on those that were surveyed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.inspect import units
from nnscratch.kernels.ops import Array

BATCH = 256
PART = 0.1
"""Of all the rows of a training, over all epochs: an answer costs a third of a step."""


@dataclass(frozen=True)
class Silence:
    """What was heard of some calls."""

    rows: int
    """So many were answered."""
    units: Mapping[str, int]
    """By call: how many units were exactly 0 on each of them."""


def silence(chart: Chart, keys: Iterable[str]) -> Silence:
    """Answer the training rows with the model as it is; no more than the training can pay for.

    It ends as soon as every unit of these calls has been heard.
    """
    n = len(chart.rows)
    rows = np.unique(np.linspace(0, n - 1, min(n, max(BATCH, int(PART * n * chart.epochs)))))
    still: dict[str, Array] = dict.fromkeys(keys, np.array([0]))
    answered = 0
    for start in range(0, len(rows) if still else 0, BATCH):
        chosen = rows[start : start + BATCH].astype(int)
        tape = chart.model.forward(*(x[chosen] for x in chart.rows.inputs))
        quiet = {
            key: units.silenced(chart.model.backend.to_host(tape[key].output), None)
            for key in still
        }
        still = {
            key: quiet[key] if not answered else np.intersect1d(still[key], quiet[key])
            for key in still
        }
        answered += len(chosen)
        if not any(len(left) for left in still.values()):
            break
    return Silence(answered, {key: len(left) for key, left in still.items()})
