"""The GPU backend: CUDA kernels, launched through CuPy.

* ``*.cu``     kernels, one file per family of operations; ``primitives.cuh``, what they share
* ``sources``  their text; ``device``, the machine that runs them; ``launch``, how arrays reach them
* the others hold the operations, as in the other backends.
"""

from . import (
    activation,
    conv,
    copies,
    histogram,
    linear,
    loss,
    norm,
    optimizer,
    pool,
    random,
    softmax,
    statistics,
    sums,
)

__all__ = [
    "activation",
    "conv",
    "copies",
    "histogram",
    "linear",
    "loss",
    "norm",
    "optimizer",
    "pool",
    "random",
    "softmax",
    "statistics",
    "sums",
]
