"""Plain Python loops: the specification in executable form, for tests only.

Every operation is spelled out over scalars, in double precision whatever its arrays hold, and
rounded to their dtype once at the end. Gradients scatter: each output hands its share of dy to
each number that it was computed from, so that a gradient is visibly the transpose of its forward.
"""

from . import (
    activation,
    conv,
    copies,
    linear,
    loss,
    norm,
    optimizer,
    pool,
    random,
    statistics,
    sums,
)

__all__ = [
    "activation",
    "conv",
    "copies",
    "linear",
    "loss",
    "norm",
    "optimizer",
    "pool",
    "random",
    "statistics",
    "sums",
]
