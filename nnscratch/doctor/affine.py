"""Affine: whether all hidden layers together are one affine map, and what such a map can reach."""

from __future__ import annotations

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.task import Kind, Task
from nnscratch.kernels.ops import Array

ROWS = 64
ROUNDING = 1e-3
"""Of the outputs' spread: float32 errors of some layers, far below any bend that matters."""
ROOM = 3
"""So many rows per column must there be, or an affine map fits anything."""

HALF = 0.5
"""Of the error: what a better answer leaves at most ..."""
MARGIN = 3.0
"""... and by so many standard errors less."""


def superposes(chart: Chart) -> bool:
    """Whether f(a) + f(b) = f(c) + f(a + b - c) for training rows, before the last activation.

    That holds for all a, b and c exactly where f is affine: f(x) = W x + v gives
    W (a + b) + 2 v on both sides; and if it holds, f(x) - f(0) is additive (take c = 0), which a
    continuous f is only where it is linear (Cauchy's functional equation).
    """
    rng = np.random.default_rng(0)
    a, b, c = rng.integers(0, len(chart.rows), (3, ROWS))
    inputs = [x[np.concatenate([a, b, c])] for x in chart.rows.inputs]  # (3 ROWS, ...)
    joined = [np.concatenate([x, x[:ROWS] + x[ROWS:-ROWS] - x[-ROWS:]]) for x in inputs]
    y = before_head(chart, *joined).astype(np.float64)  # (4 ROWS, ...)
    of_a, of_b, of_c, of_sum = y.reshape(4, ROWS, -1)  # (ROWS, K) each
    if not np.isfinite(y).all():
        return False
    spread = float(np.std(y.reshape(4 * ROWS, -1), axis=0).max())
    bend = float(np.max(np.abs(of_a + of_b - of_c - of_sum)))
    return spread > 0 and bend <= ROUNDING * spread


def before_head(chart: Chart, *inputs: Array) -> Array:
    """What the model as it is puts out for rows, before the last activation."""
    tape = chart.model.forward(*inputs)
    last = tape[tape.sources[chart.term.output]]
    y = last.inputs[0] if last.layer.role == "activation" else last.output
    return chart.model.backend.to_host(y)


def affine_score(chart: Chart) -> float | None:
    """The score of the best affine map of the inputs, by least squares; None: it cannot be said.

    On the rows that `Chart.neighbours` looks at, or all where those are few.
    """
    count = len(chart.rows)
    rows = chart.neighbours.rows if chart.neighbours is not None else np.arange(count)
    x = np.concatenate(
        [chart.model.backend.to_host(x)[rows].reshape(len(rows), -1) for x in chart.rows.inputs],
        axis=1,
    ).astype(np.float64)  # (n, columns)
    small = chart.neighbours is None
    if chart.task.kind is Kind.labels or (x.shape[1] * ROOM > len(rows) and not small):
        return None
    target = chart.task.target[rows]
    wanted = np.eye(int(target.max()) + 1)[target.reshape(-1)] if is_number(target) else target
    with_one = np.column_stack([x, np.ones(len(x))])  # (n, columns + 1)
    found, *_ = np.linalg.lstsq(with_one, wanted.reshape(len(x), -1), rcond=None)
    answers = (with_one @ found).reshape(wanted.shape)
    return Task(chart.task.kind, target).score(answers)


def is_number(target: Array) -> bool:
    """Whether targets are class numbers."""
    return target.dtype.kind == "i"


def beats(better: float | None, worse: float, chart: Chart) -> bool:
    """Whether one score leaves half the error of another, by more than chance would."""
    if better is None or not np.isfinite(worse):
        return False
    rows = len(chart.rows) if chart.neighbours is None else len(chart.neighbours.rows)
    error = np.clip(1 - worse, 0, 1)
    noise = MARGIN * np.sqrt(max(error * (1 - error), 0) / rows)
    return bool(1 - better <= HALF * (1 - worse) and better - worse > noise)
