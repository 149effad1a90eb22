"""The readable backend: whole-array NumPy.

Determinism: the same arguments give the same bits in every process whose BLAS runs the same number
of threads. Only `matmul` and the convolutions call BLAS; everything else is sequential.
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
