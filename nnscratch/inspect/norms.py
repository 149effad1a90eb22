"""How large, and how far from where it was."""

from __future__ import annotations

import numpy as np

from nnscratch.core.describe import norm
from nnscratch.kernels.ops import Array

__all__ = ["change", "norm"]


def change(before: Array, after: Array) -> float:
    """The Euclidean norm of the difference, in float64."""
    return norm(after.astype(np.float64) - before)
