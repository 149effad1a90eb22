"""What the numbers of a data set are like, column by column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnscratch.kernels.ops import Array


@dataclass(frozen=True)
class Numbers:
    """An array of rows."""

    low: float
    high: float
    mean: float
    std: float
    """Of all numbers together."""
    columns: Array
    """Standard deviation of each column (K,): how much one number differs from row to row."""

    @classmethod
    def of(cls, x: Array) -> Numbers:
        """Read rows (N, ...)."""
        flat = x.reshape(len(x), -1)  # (N, K)
        return cls(
            low=float(flat.min()),
            high=float(flat.max()),
            mean=float(flat.mean(dtype=np.float64)),
            std=float(flat.std(dtype=np.float64)),
            columns=flat.std(axis=0, dtype=np.float64),
        )

    @property
    def size(self) -> float:
        """Root of the mean square: what a sum of many of them grows with."""
        return float(np.hypot(self.mean, self.std))

    @property
    def constant(self) -> bool:
        """Whether all rows are one."""
        return not self.columns.any()
