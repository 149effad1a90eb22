"""NumPy's matrix products, on our threads instead of the BLAS library's own.

The bits of OpenBLAS's products depend on its number of threads, and its threads would fight with
ours for the cores. So the library is kept on one thread while ours each multiply a block.

The number of threads belongs to the process, in NumPy's own builds. Where a library keeps one for
each thread (OpenBLAS built on OpenMP), only the caller's is set here.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import NamedTuple

import numpy as np
from threadpoolctl import LibController, ThreadpoolController

from ..ops import Array, into
from . import launch, long_sums, memory, parallel
from .finish import Finish, finish_block

BLOCK_FLOP = 1 << 22
"""Floating-point operations of a block that are worth handing to another thread."""

BLOCK_LINES = 32
"""Rows or columns of a block at least."""

WHOLE_LINES = 128
"""Of a block of many: BLAS copies the whole of the other matrix for each. With 32 lines 2048 x 2048
matrices took 1.5 times as long."""

MOST_SUMS = 32
"""Blocks of long sums at most: of longer ones a row is read further before the next one's turn.
With twice as many sums of 160,000 products took 1.05 times as long."""

FEW_BLOCKS = 4
"""For threads to share, if need be with fewer lines than that."""


class Threads(NamedTuple):
    """A library's own functions for its number of threads."""

    get: Callable[[], int]
    set: Callable[[int], object]

    @classmethod
    def of(cls, library: LibController) -> Threads:
        """OpenBLAS's are called directly.

        threadpoolctl's setter for it heeds, since 3.8, the first thread that calls it, and ignores
        all others without a word; its getter takes as long as a small product.
        """
        if library.internal_api == "openblas" and library.threading_layer != "openmp":
            loaded = ctypes.CDLL(library.filepath)  # is loaded already, so this finds it
            for prefix, suffix in itertools.product(("", "scipy_"), ("", "64_", "_64")):
                name = f"{prefix}openblas_{{}}_num_threads{suffix}"
                get, set_ = (getattr(loaded, name.format(verb), None) for verb in ("get", "set"))
                if get is not None and set_ is not None:
                    return cls(get, set_)
        return cls(library.get_num_threads, library.set_num_threads)


class OneThread:
    """`with one_thread:` BLAS runs on one thread; afterwards on as many as before.

    Several threads may be inside at once: the first in sets, the last out restores.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.inside = 0
        self.libraries: list[Threads] | None = None
        self.before: list[int] = []

    def __enter__(self) -> None:
        with self.lock:
            if self.libraries is None:  # looking for them takes milliseconds
                found = ThreadpoolController().select(user_api="blas").lib_controllers
                self.libraries = [Threads.of(library) for library in found]
            if self.inside == 0:
                self.before = [library.get() for library in self.libraries]
                self.set([1] * len(self.before))
            self.inside += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self.lock:
            self.inside -= 1
            if self.inside == 0:
                self.set(self.before)

    def set(self, numbers: list[int]) -> None:
        """Give each library its number of threads."""
        for library, number in zip(self.libraries or (), numbers, strict=True):
            library.set(number)

    def after_fork(self) -> None:
        """In a forked child the threads that were inside are gone, and so is who held the lock."""
        self.lock = threading.Lock()
        if self.inside:
            self.inside = 0
            self.set(self.before)


one_thread = OneThread()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=one_thread.after_fork)


def product(a: Array, b: Array, finish: Finish, out: Array | None = None) -> Array:
    """(M, K) @ (K, N) -> (M, N), in blocks of rows, or columns where those are more; finished.

    Where there are few of both and the sums are long, in blocks of the sums.
    """
    (rows, depth), columns = a.shape, b.shape[1]
    longer, shorter = max(rows, columns), min(rows, columns)
    flop = max(2 * rows * columns, 1)
    sums = parallel.blocks(depth, max(BLOCK_FLOP // flop, depth // MOST_SUMS, 1))
    if longer <= BLOCK_LINES and len(sums) > 1:
        summed = long_sums.product if long_sums.fits(a, b) else sum_of_products
        y = summed(a, b, sums)
        finish_block(y, 0, rows, 0, columns, finish)
        return into(out, y)
    y = memory.empty((rows, columns), a.dtype) if out is None else out
    whole = min(WHOLE_LINES, longer // FEW_BLOCKS)
    grain = max(BLOCK_LINES, whole, BLOCK_FLOP // max(2 * depth * shorter, 1))

    def task(block: slice) -> None:
        if rows >= columns:
            np.matmul(a[block], b, out=y[block])
            finish_block(y, block.start, block.stop, 0, columns, finish)
        else:
            np.matmul(a, b[:, block], out=y[:, block])
            finish_block(y, 0, rows, block.start, block.stop, finish)

    with one_thread:
        parallel.each(parallel.blocks(longer, grain), task)
    return y


def sum_of_products(a: Array, b: Array, sums: Sequence[slice]) -> Array:
    """(M, K) @ (K, N), for each block of K by itself; then they are added up, in order."""
    partial = memory.empty((len(sums), a.shape[0], b.shape[1]), a.dtype)

    def task(number: int) -> None:
        block = sums[number]
        np.matmul(a[:, block], b[block], out=partial[number])

    with one_thread:
        parallel.each(range(len(sums)), task)
    return launch.add_in_order(partial)
