"""Neighbours: what the rows that look alike say of each other, before any network.

The simplest thing that can learn from rows is to answer as the nearest known ones do. What that
reaches, a network should reach; and where it reaches nothing, labels and rows do not belong
together (Cover & Hart 1967, "Nearest neighbor pattern classification").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnscratch.kernels.ops import Array

ROWS = 500
NEAREST = 5


@dataclass(frozen=True)
class Neighbours:
    """For some rows of a data set, the nearest others of them."""

    rows: Array
    """Which rows of the whole set, (n,)."""
    nearest: Array
    """Which of those rows, (n, NEAREST)."""
    z: Array
    """Those rows: columns that vary, of mean 0 and standard deviation 1, (n, columns)."""

    @classmethod
    def of(cls, inputs: Sequence[Array]) -> Neighbours | None:
        """Those of rows spread evenly over the set; None where they are too few, or all are one.

        Every column counts alike, in terms of its standard deviation.
        """
        n = len(inputs[0])
        rows = np.unique(np.linspace(0, n - 1, min(ROWS, n)).astype(int))
        x = np.concatenate([x[rows].reshape(len(rows), -1) for x in inputs], axis=1)
        scale = x.std(axis=0, dtype=np.float64)
        if len(rows) <= 2 * NEAREST or not np.isfinite(scale).all() or not scale.any():
            return None
        z = (x[:, scale > 0] / scale[scale > 0]).astype(np.float64)  # (n, columns that vary)
        z -= z.mean(axis=0)
        squares = np.sum(z * z, axis=1)  # (n,)
        distances = squares[:, None] + squares - 2 * z @ z.T  # (n, n)
        np.fill_diagonal(distances, np.inf)
        nearest = np.argpartition(distances, NEAREST, axis=1)[:, :NEAREST]  # (n, NEAREST)
        return cls(rows, nearest, z)

    def answers(self, target: Array) -> Array:
        """The mean target (n, ...) of each row's neighbours; shares (n, ..., K) of classes."""
        known = target[self.rows]
        if known.dtype.kind == "i":
            known = np.eye(int(known.max()) + 1)[known]  # (n, ..., K)
        return np.asarray(known[self.nearest].mean(axis=1))
