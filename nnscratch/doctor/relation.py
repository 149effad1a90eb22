"""Relation: whether rows know anything of their targets, asked of the two simplest learners.

One answers as the nearest rows do, the other is linear; both leave out the row that is asked about.
What neither knows may still be learned, such as the parity of many numbers: a signal that they see
is proof, and its absence is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnscratch.doctor.neighbours import Neighbours
from nnscratch.doctor.task import Task
from nnscratch.kernels.ops import Array

MARGIN = 3.0
"""Standard errors that a correlation of nothing with nothing hardly ever reaches."""
JOINED = 0.5
"""Columns that know of each other span fewer directions, by this factor, than as many that do not.
"""


@dataclass(frozen=True)
class Relation:
    """How much answers have to do with the truth."""

    r: float
    """Correlation."""
    error: float
    """Its standard error where they have nothing to do with each other."""

    @property
    def there(self) -> bool:
        """Whether it is more than chance."""
        return abs(self.r) > MARGIN * self.error

    @property
    def known(self) -> bool:
        """Whether there is one, and answers do not lean away as those of rows left out may."""
        return self.there and self.r > 0


def relation(answers: Array, truth: Array) -> Relation:
    """Between answers and truth, (n, K) both, of all columns together.

    K columns that have nothing to do with each other are as good as n * K rows of one; those of
    one-hot targets are as good as K - 1. The standard error of a correlation of nothing is
    1 / sqrt(rows).
    """
    a, t = (y.reshape(len(y), -1).astype(np.float64) for y in (answers, truth))
    a, t = a - a.mean(axis=0), t - t.mean(axis=0)
    size = float(np.sqrt(np.sum(a * a) * np.sum(t * t)))
    r = float(np.sum(a * t)) / size if size > 0 else 0.0
    return Relation(r, 1 / float(np.sqrt(len(t) * max(directions(t), 1.0))))


def directions(z: Array) -> float:
    """How many directions centred rows (n, columns) spread in, if evenly: tr(C)^2 / tr(C^2)."""
    products = z @ z.T if len(z) < z.shape[1] else z.T @ z
    squares = float(np.sum(products * products))
    return float(np.trace(products)) ** 2 / squares if squares else 0.0


def columns(task: Task) -> Array | None:
    """The targets as numbers, (n, K): of classes one-hot. None where a row has several classes."""
    target = task.target
    if target.dtype.kind != "i":
        return target.reshape(len(target), -1)
    if target.size != len(target):
        return None
    _, number = np.unique(target, return_inverse=True)
    return np.eye(int(number.max()) + 1)[number.reshape(-1)]


def signal(near: Neighbours, task: Task) -> Relation | None:
    """What rows know of their targets; None where these are all one, or no numbers.

    Answers of neighbours may be wrong more often than by chance, where a target turns with every
    step: that is signal too. Those of a linear learner may not: without the row, its mean leans
    away from the row's own target.
    """
    truth = columns(task)
    if truth is None or not np.isfinite(truth).all() or not np.ptp(truth, axis=0).any():
        return None
    known = truth[near.rows]
    nearest = relation(known[near.nearest].mean(axis=1), known)
    if nearest.there:
        return nearest
    linear = relation(left_out(near.z, known), known)
    return max(nearest, linear, key=lambda found: found.r)


def left_out(z: Array, truth: Array) -> Array:
    """Ridge regression's answer to each row without that row, (n, K).

    With H = K (K + t I)^-1 of the products K = z z^T and t their mean eigenvalue, the row's own
    answer is (H y - diag(H) y) / (1 - diag(H)).

    Source: Allen 1974, "The relationship between variable selection and data augmentation".
    """
    products = z @ z.T  # (n, n)
    strength = float(np.trace(products)) / len(z)
    hat = np.linalg.solve(products + strength * np.eye(len(z)), products)  # (n, n)
    own = np.diag(hat)[:, None]  # (n, 1)
    centred = truth - truth.mean(axis=0)
    answers: Array = (hat @ centred - own * centred) / (1 - own)
    return answers


def joined(near: Neighbours) -> bool:
    """Whether the columns of the rows know of each other, as those of pictures do.

    n rows of D columns without any relation span D / (1 + D / n) directions.
    """
    n, count = near.z.shape
    return bool(directions(near.z) < JOINED * count / (1 + count / n))


def signal_of(inputs: Sequence[Array], task: Task) -> Relation | None:
    """What rows know of their targets; None also where they are too few."""
    near = Neighbours.of(inputs)
    return None if near is None else signal(near, task)
