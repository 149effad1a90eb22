"""What the machine can do: the fastest matrix product, and the fastest copy."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.timing import once
from nnscratch.kernels.geometry import Window
from nnscratch.kernels.numba import parallel
from nnscratch.kernels.numba.conv import direct
from nnscratch.kernels.numba.finish import NOTHING
from nnscratch.kernels.ops import Array

SIDE = 1024
"""Of the matrices."""
REST = 0.03
"""Seconds before each kind of product: OpenBLAS's threads wait longest before they sleep."""
COPIED = 1 << 26
"""Bytes of the copied array: more than any cache."""


class Peak:
    """Measures it, on as many threads as the kernels have."""

    def __init__(self, side: int = SIDE, copied: int = COPIED, calls: int = 5):
        rng = np.random.default_rng(0)
        self.a, self.b = (rng.standard_normal((side, side), dtype=np.float32) for _ in range(2))
        self.c = np.empty((side, side), np.float32)
        self.side = side
        self.source = np.ones(copied // 4, np.float32)
        self.calls = calls
        self.highest = 0.0
        """GFLOP/s, of all measurements so far."""
        self.ours()  # compiles

    def gflops(self) -> float:
        """Of a product of float32 matrices, the fastest: NumPy's, or our micro-kernel's."""
        gflops = 2e-9 * self.side**3 / min(self.products())
        self.highest = max(self.highest, gflops)
        return gflops

    def products(self) -> Iterator[float]:
        """Seconds of each call, after rests; see `timing.py`."""
        time.sleep(REST)
        with threadpool_limits(parallel.threads(), "blas"):
            yield from [once(self.numpys) for _ in range(self.calls)]
        time.sleep(REST)
        yield from (once(self.ours) for _ in range(self.calls))

    def numpys(self) -> Array:
        """By NumPy's BLAS."""
        return np.matmul(self.a, self.b, out=self.c)

    def ours(self) -> Array:
        """By the micro-kernel: a 1x1 convolution is a matrix product."""
        side = len(self.a)
        images, kernel = self.a.reshape(1, 1, side, side), self.b.reshape(1, 1, side, side)
        return direct.conv2d(images, kernel, Window((1, 1)), 1, NOTHING[images.itemsize])

    def gigabytes(self) -> float:
        """Per second, read and written, of a copy of more than the caches hold."""
        return 2e-9 * self.source.nbytes / min(self.copies())

    def copies(self) -> Iterator[float]:
        """Seconds of each call."""
        target = np.empty_like(self.source)

        def copy() -> None:
            blocks = parallel.blocks(target.size, parallel.GRAIN)
            parallel.each(blocks, lambda block: np.copyto(target[block], self.source[block]))

        yield from (once(copy) for _ in range(self.calls))
