"""The GPU backend: CUDA kernels, launched through CuPy.

* ``*.cu``     kernels, one file per family of operations; ``primitives.cuh``, what they share
* ``sources``  their text; ``device``, the machine that runs them; ``launch``, how arrays reach them
* ``columns``  sums over a batch; ``finish``, what follows a product; ``tiles``, how it is cut
* ``windows``  how kernels are told of images and windows
* ``conv``     convolution, by several algorithms; ``tf32``, by tensor cores
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
from .launch import empty

__all__ = [
    "activation",
    "conv",
    "copies",
    "empty",
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
