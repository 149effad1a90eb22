"""The compiled backend: Numba kernels, and the threads that share their work.

* ``jit``       how functions are compiled, and where their code is kept; ``code_files``, in what;
* ``memory``    large arrays, on buffers that are used again;
* ``parallel``  how work is cut into blocks; ``team``, the threads that take them; ``atomic`` and
  ``calls``, what these are made of;
* ``launch``    how arrays are handed to compiled functions;
* ``blas``      matrix products on those threads; ``vectormath``, exponentials that vectorise;
* ``windows``   copies between images and matrices of sliding windows;
* ``microkernel``   generated machine code for sums of products, tile by tile;
* ``conv``      convolution, by several algorithms;
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
from .conv.costs import CHOSEN, digest
from .memory import empty
from .microkernel.target import TARGET
from .parallel import set_threads, threads

FACTS = {"vector unit": TARGET.name, "costs of algorithms": digest(CHOSEN)}

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
    "set_threads",
    "softmax",
    "statistics",
    "sums",
    "threads",
]
