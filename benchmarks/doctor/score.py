"""How good a trained twin is, and whether it fails or learns, as the program's `expect` says."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchmarks.doctor.program import Expect
from nnscratch.kernels.ops import Array

NO_BETTER = {"accuracy": 0.05, "reg": 0.1}
"""A score is chance where it is above the best constant's by no more than this."""


@dataclass(frozen=True)
class Score:
    """What a twin has come to."""

    value: float
    """Accuracy, mean recall or R2, as the task says; NaN where a prediction is NaN."""
    constant: float
    """What the best constant prediction would score."""
    loss: float
    """The loss of the last epoch of training."""
    metric: float
    """The first of the metrics that the program reports, on the same rows; NaN without any."""

    @property
    def broken(self) -> bool:
        """Whether there are NaN, or the loss is beyond all bounds."""
        return math.isnan(self.value) or not math.isfinite(self.loss)


def fails(expect: Expect, buggy: Score, fixed: Score) -> bool:
    """Whether the buggy twin fails, by the program's rule."""
    if expect.rule.startswith("metric_gap"):
        gap = buggy.metric - buggy.value
        return (abs(gap) if expect.rule == "metric_gap_abs" else gap) >= expect.gap
    if buggy.broken:
        return True
    if expect.rule == "2x":
        return 1 - buggy.value >= 2 * (1 - fixed.value)
    if expect.rule == "train_loss_2x":
        return buggy.loss >= 2 * fixed.loss
    margin = NO_BETTER["reg" if expect.task == "reg" else "accuracy"]
    return buggy.value <= buggy.constant + margin


def scored(task: str, predicted: Array, truth: Array) -> tuple[float, float]:
    """The score of predictions (N, ..., K), and that of the best constant.

    NaN where one of them is NaN. Truth: numbers (N, ...), a last axis of length 1 may be missing;
    or one-hot rows (N, K).
    """
    constant = {
        "reg": lambda: 0.0,
        "label": lambda: _label_constant(truth),
        "balanced": lambda: 1 / len(np.unique(classes(truth, task))),
    }.get(task, lambda: _largest_share(classes(truth, task)))()
    if np.isnan(predicted).any():
        return math.nan, constant
    if task == "reg":
        return r2(predicted, truth), constant
    if task == "label":
        agree = (predicted > 0.5) == (truth > 0.5).reshape(predicted.shape)
        return float(agree.mean()), constant
    answers, right = classes(predicted, task), classes(truth, task)
    if task == "balanced":
        recalls = [float((answers[right == k] == k).mean()) for k in np.unique(right)]
        return float(np.mean(recalls)), constant
    return float((answers == right).mean()), constant


def classes(numbers: Array, task: str) -> Array:
    """The class (N,) of each row: the place of its largest number, or its only one.

    That is rounded, or for the task "binary" cut at 1/2.
    """
    if numbers.ndim > 1 and numbers.shape[-1] > 1:
        return np.asarray(numbers.argmax(axis=-1))
    column = numbers.reshape(-1)  # (N,)
    return np.asarray(column > 0.5) if task == "binary" else np.rint(column)


def r2(predicted: Array, truth: Array) -> float:
    """1 - squared errors / squared distances from each column's mean, over all columns."""
    rows = len(truth)
    y, p = truth.reshape(rows, -1).astype(np.float64), predicted.reshape(rows, -1)  # (N, K)
    y, p = np.broadcast_arrays(y, p.astype(np.float64))
    return float(1 - ((y - p) ** 2).sum() / ((y - y.mean(axis=0)) ** 2).sum())


def _largest_share(right: Array) -> float:
    """How often the commonest class is right."""
    _, counts = np.unique(right, return_counts=True)
    return float(counts.max() / counts.sum())


def _label_constant(truth: Array) -> float:
    """How often the better of 0 and 1 is right, output by output."""
    ones = (truth > 0.5).reshape(len(truth), -1).mean(axis=0)  # (K,)
    return float(np.maximum(ones, 1 - ones).mean())
