"""Task: what the targets ask for, read from their values, and how good answers to it are."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from nnscratch.kernels.ops import Array

FEW, OFTEN = 100, 5
"""Whole numbers of so few different values, each in so many rows in the mean, may be classes."""


class Kind(enum.Enum):
    """What targets are."""

    classes = "one of several classes"
    binary = "yes or no"
    labels = "several times yes or no"
    numbers = "numbers"


@dataclass(frozen=True)
class Task:
    """What one output is trained for."""

    kind: Kind
    target: Array
    """One per row, (N, K), or class numbers (N,), as the loss reads them."""
    balanced: bool = False
    """Whether one class counts as much as another, however rare it is."""

    @classmethod
    def of(cls, target: Array) -> Task:
        """The task of targets as a loss reads them."""
        return cls(kind_of(target), target)

    @property
    def yes(self) -> Array:
        """Where targets that are no numbers say yes: no is 0 or -1."""
        return np.asarray(self.target > 0)

    @property
    def classes(self) -> Array | None:
        """The class of each row (N,), where the task has classes."""
        if self.kind is Kind.binary:
            return self.yes.reshape(-1).astype(np.int64)  # (N,)
        if self.kind is not Kind.classes:
            return None
        if self.target.dtype.kind == "i":
            return self.target.reshape(-1)  # (N*...,)
        return np.asarray(self.target.argmax(axis=-1)).reshape(-1)  # (N*...,)

    @property
    def measure(self) -> str:
        """What the score is called."""
        if self.kind is Kind.numbers:
            return "R2"
        return "mean recall" if self.balanced else "accuracy"

    def score(self, y: Array, boundary: float | None = None) -> float:
        """How good predictions are, by `measure`. NaN where one is not finite.

        Args:
            y: predictions (N, ..., K).
            boundary: between no and yes; None: half-way between the labels.
        """
        if not np.isfinite(y).all():
            return float("nan")
        if self.kind is Kind.numbers:
            return r2(y, self.target)
        if self.kind is Kind.classes:
            return self.share(y.argmax(axis=-1).reshape(-1) == self.classes)
        if boundary is None:
            boundary = 0.0 if (self.target < 0).any() else 0.5
        return self.share((y > boundary) == self.yes)

    def share(self, right: Array) -> float:
        """Of answers that are right or wrong, those that are right; balanced, by class."""
        classes = self.classes
        if classes is None or not self.balanced:
            return float(np.mean(right))
        return float(np.mean([right.reshape(-1)[classes == k].mean() for k in np.unique(classes)]))

    @property
    def best_constant(self) -> Array:
        """The answer (K,) that is best for all rows without looking at them."""
        if self.target.dtype.kind == "i":
            return np.bincount(self.target.reshape(-1)) / self.target.size
        return np.asarray(self.target.mean(axis=0, dtype=np.float64))  # (K,)

    @property
    def chance(self) -> float:
        """The score of the best constant."""
        if self.kind is Kind.numbers:
            return 0.0
        if self.classes is not None:
            if self.balanced:
                return 1 / len(np.unique(self.classes))
            return float(np.bincount(self.classes).max() / len(self.classes))
        shares = self.yes.mean(axis=0)
        return float(np.mean(np.maximum(shares, 1 - shares)))


def kind_of(target: Array) -> Kind:
    """What targets are, from their values alone: no is 0 or -1, yes is 1."""
    if target.dtype.kind == "i":
        return Kind.classes
    if not any(np.isin(target, labels).all() for labels in ((0, 1), (-1, 1))):
        return Kind.numbers
    if target.size == len(target):
        return Kind.binary
    exclusive = target.shape[-1] > 1 and ((target > 0).sum(axis=-1) == 1).all()
    return Kind.classes if exclusive else Kind.labels


def numbered_classes(target: Array) -> int | None:
    """How many classes numbers in one column (N, 1) seem to be the names of; None: they are not.

    That is whole numbers with 3 to `FEW` different values, each in `OFTEN` rows in the mean.
    """
    column = target.reshape(-1)
    if target.size != len(target) or (column != np.round(column)).any():
        return None
    classes = len(np.unique(column))
    return classes if 3 <= classes <= min(FEW, len(column) // OFTEN) else None


def r2(y: Array, target: Array) -> float:
    """The part of the targets' variance that predictions explain; less than 0: none, and worse."""
    rest = np.sum(np.square(y - target, dtype=np.float64))
    spread = np.sum(np.square(target - target.mean(axis=0), dtype=np.float64))
    return float(1 - rest / spread) if spread else float("nan")
