"""Losses as people write them by hand, right and wrong."""

from __future__ import annotations

import numpy as np

from nnscratch.losses import CustomLoss

HINGE = CustomLoss(
    lambda y, t: np.maximum(0, 1 - t * y).mean(axis=-1),
    lambda y, t: -t * (t * y < 1) / y.shape[-1],
)
"""Of targets -1 and 1."""
POISSON = CustomLoss(
    lambda y, t: (y - t * np.log(y)).mean(axis=-1), lambda y, t: (1 - t / y) / y.shape[-1]
)
"""Of counts; answers have to be above 0."""
LOG = CustomLoss(lambda y, t: -(t * np.log(y)).sum(axis=-1), lambda y, t: -t / y)
"""Of one-hot targets: neither clipped nor divided by sums."""
CROSSED = CustomLoss(
    lambda y, t: np.square(y - t.T).mean(axis=1),
    lambda y, t: 2 * (y - t.T).mean(axis=1, keepdims=True),
)
"""A squared error whose targets are broadcast over all rows."""
