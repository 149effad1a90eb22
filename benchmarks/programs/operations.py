"""The operations: what programs do to rows before they train, rightly or wrongly.

Each takes inputs (n, ...) and targets (n, ...) and returns new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from benchmarks.programs.sets import Array, Rows

Change = TypeVar("Change", bound=Callable[..., Rows])

OPERATIONS: dict[str, Callable[..., Rows]] = {}
"""By name."""


def an_operation(change: Change) -> Change:
    """Enter a function that changes rows."""
    OPERATIONS[change.__name__] = change
    return change


# Operations on inputs.


@an_operation
def scale_x(x: Array, y: Array, by: float = 1.0, add: float = 0.0) -> Rows:
    """by * x + add."""
    return (by * x + add).astype(np.float32), y


@an_operation
def scale_columns(x: Array, y: Array, by: Sequence[float]) -> Rows:
    """Each column by a number of its own."""
    return (x * by).astype(np.float32), y


@an_operation
def standardize_x(x: Array, y: Array) -> Rows:
    """Each column to mean 0 and variance 1."""
    spread = x.std(axis=0)
    return ((x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)).astype(np.float32), y


@an_operation
def share_x(x: Array, y: Array) -> Rows:
    """Each row by its sum: counts become shares."""
    return (x / x.sum(axis=1, keepdims=True)).astype(np.float32), y


@an_operation
def log_x(x: Array, y: Array, floor: float = 1e-4) -> Rows:
    """Logarithms of shares, of no less than a floor: negative numbers."""
    return np.log(np.maximum(x, floor)).astype(np.float32), y


@an_operation
def leave_gaps(
    x: Array, y: Array, share: float = 0.01, fill: float = np.nan, seed: int = 0
) -> Rows:
    """A share of the inputs lost: NaN in their place, or a number."""
    lost = np.random.default_rng(seed).uniform(size=x.shape) < share
    return np.where(lost, np.float32(fill), x), y


@an_operation
def flatten_x(x: Array, y: Array) -> Rows:
    """Each row as one list of numbers."""
    return x.reshape(len(x), -1), y


# Operations on targets.


@an_operation
def scale_y(x: Array, y: Array, by: float = 1.0, add: float = 0.0) -> Rows:
    """by * y + add."""
    return x, (by * y + add).astype(np.float32)


@an_operation
def standardize_y(x: Array, y: Array) -> Rows:
    """Each column of the targets to mean 0 and variance 1."""
    return x, ((y - y.mean(axis=0)) / y.std(axis=0)).astype(np.float32)


@an_operation
def one_hot(x: Array, y: Array, classes: int) -> Rows:
    """Class numbers as rows with a 1 in one place."""
    return x, np.eye(classes, dtype=np.float32)[y]


@an_operation
def column_y(x: Array, y: Array) -> Rows:
    """Targets (n,) as a column (n, 1)."""
    return x, y[:, np.newaxis]


@an_operation
def type_y(x: Array, y: Array, dtype: str) -> Rows:
    """Targets of another type."""
    return x, y.astype(dtype)


@an_operation
def y_is_x(x: Array, y: Array) -> Rows:
    """The inputs as targets, for autoencoders."""
    return x, x.copy()


@an_operation
def flip_y(x: Array, y: Array, share: float = 0.1, seed: int = 0) -> Rows:
    """A share of the labels 0 and 1 turned round."""
    return x, np.where(np.random.default_rng(seed).uniform(size=len(y)) < share, 1 - y, y)


# Operations on rows.


@an_operation
def shuffle_y(x: Array, y: Array, seed: int = 0) -> Rows:
    """Targets in another order than their rows."""
    return x, np.random.default_rng(seed).permutation(y)


@an_operation
def roll_y(x: Array, y: Array, by: int = 1) -> Rows:
    """Each row gets the target of the one `by` rows before."""
    return x, np.roll(y, by, axis=0)


@an_operation
def hide_columns(x: Array, y: Array, keep: Sequence[int]) -> Rows:
    """Only some of the columns."""
    return x[:, list(keep)], y


@an_operation
def balance(x: Array, y: Array, seed: int = 0) -> Rows:
    """As many rows of each class: those of rare classes are repeated."""
    rng, counts = np.random.default_rng(seed), np.bincount(y)
    chosen = [rng.choice(np.flatnonzero(y == k), counts.max()) for k in range(len(counts))]
    order = rng.permutation(np.concatenate(chosen))
    return x[order], y[order]
