"""The one construct for parallelism: call a task for each item, on several threads.

The items are blocks of an array. How an array is cut depends on its shape alone, never on the
number of threads: threads take blocks as they come, and a task that sums writes its block's
partial sum to a place of its own, for the caller to add up in order. So results have the same bits
on any number of threads.

The tasks spend their time in functions that release the GIL (Numba's with nogil, NumPy's products).
Numba's own `prange` does the same, but its layers are not safe under concurrent callers
("workqueue") or after a fork ("omp").
"""

from __future__ import annotations

import functools
import itertools
import math
import os
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from ..ops import Array
from . import team

GRAIN = 1 << 15
"""Elements of a block that are worth handing to another thread: some 8 us of work.

Handing it over takes 1 or 2 us.
"""

MOST_BLOCKS = 64
"""Blocks of an array at most: enough to balance any number of cores, few enough to hand out."""

Item = TypeVar("Item")


def blocks(length: int, grain: int, multiple: int = 1) -> list[slice]:
    """range(length) in blocks of `grain` or more, or a single one; none where length is 0.

    Their number is a power of two, which the usual numbers of cores divide, and MOST_BLOCKS at
    most. They are equal but for rounding to multiples of `multiple`.
    """
    count = min(1 << max(length // grain, 1).bit_length() - 1, MOST_BLOCKS)
    if count == 1:
        return [slice(0, length)] if length else []
    units = -(-length // multiple)
    edges = [min(units * i // count * multiple, length) for i in range(count + 1)]
    return [slice(start, stop) for start, stop in itertools.pairwise(edges) if start < stop]


@functools.lru_cache(maxsize=1024)
def edges(length: int, grain: int, multiple: int = 1) -> Array:
    """Where `blocks` begin, and where the last one ends: int64 (blocks + 1,), read-only."""
    found = np.array([0, *(block.stop for block in blocks(length, grain, multiple))], np.int64)
    found.flags.writeable = False
    return found


def pieces(block: slice, size: int) -> list[slice]:
    """A block in pieces of `size`; the last may be shorter."""
    starts = range(block.start, block.stop, size)
    return [slice(start, min(start + size, block.stop)) for start in starts]


# -- how many threads ------------------------------------------------------------------------------

_threads: int | None = None


def threads() -> int:
    """Threads that work on one call, the caller's own included.

    What `set_threads` said, else what `default_threads` says when first asked.
    """
    global _threads
    if _threads is None:
        _threads = default_threads()
    return _threads


def default_threads() -> int:
    """The environment variable NNSCRATCH_THREADS, else the cores that this process may use.

    Raises:
        ValueError: NNSCRATCH_THREADS is not a positive integer.
    """
    text = os.environ.get("NNSCRATCH_THREADS")
    if text is None and hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    if text is None:  # not on Linux
        return os.cpu_count() or 1
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(
            f"NNSCRATCH_THREADS: expected a positive integer, got {text!r}; "
            "set it to a number of threads, or unset it to use every core"
        )
    return int(text)


def set_threads(number: int) -> None:
    """Let each call work on so many threads, the caller's own included. Results do not change.

    Raises:
        ValueError: the number is not a positive integer.
    """
    global _threads
    if not isinstance(number, int) or number < 1:
        raise ValueError(f"set_threads: expected a positive integer, got {number!r}")
    _threads = number


# -- tasks -----------------------------------------------------------------------------------------


def each(items: Sequence[Item], task: Callable[[Item], object]) -> None:
    """Call `task` for each item, in any order, on up to `threads()` threads; one item: right here.

    Tasks must not depend on each other, nor write to the same memory. The first error of a task is
    raised after all have ended.
    """
    team.each(items, task, threads())


# -- memory that a task needs only while it runs ---------------------------------------------------

_scratch = threading.local()


def scratch(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Uninitialised memory of the calling thread, valid until the thread asks for more.

    It is the same memory each time, so it stays in the core's cache and costs no page faults.
    """
    size = math.prod(shape) * dtype.itemsize
    buffer: Array | None = getattr(_scratch, "buffer", None)
    if buffer is None or buffer.size < size:
        buffer = _scratch.buffer = np.empty(size, np.uint8)
    return buffer[:size].view(dtype).reshape(shape)
