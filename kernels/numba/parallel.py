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

import itertools
import math
import os
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

import numpy as np

from ..ops import Array
from . import memory

GRAIN = 1 << 18
"""Elements of a block that are worth handing to another thread: some 60 us of work.

Handing it over takes 10 to 40 us, and so does getting the interpreter's lock back from a thread
that has nothing but small blocks to hand out.
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


# -- the pool --------------------------------------------------------------------------------------


class Job(Generic[Item]):
    """Items that several threads work on together until none is left."""

    def __init__(self, items: Sequence[Item], task: Callable[[Item], object]):
        self.task = task
        self.left = iter(list(items))  # taking a list iterator's next item is atomic, by the GIL
        self.count = len(items)
        self.finished = itertools.count(1)  # so is counting
        self.error: BaseException | None = None
        self.done = threading.Lock()
        self.done.acquire()  # released by whoever finishes the last item

    def work(self) -> None:
        """Take items until none is left. After an error the rest is passed over."""
        for item in self.left:
            if self.error is None:
                try:
                    self.task(item)
                except BaseException as error:  # not handled here: the caller raises it
                    self.error = error
            if next(self.finished) == self.count:
                self.done.release()

    def wait(self) -> None:
        """Return when every item is finished; raise the first error of a task."""
        self.done.acquire()
        del self.task  # with its arrays: a worker that is late, or idle since, may hold the job
        if self.error is not None:
            try:
                raise self.error
            finally:
                self.error = None  # its traceback holds this frame: no cycle


class Pool:
    """Threads that wait for jobs. There are as many as were ever wanted at once, for all callers.

    A caller works on its own job too, and waits only for items that a worker has begun, never for
    a worker to become free: many threads may call at once, workers among them.
    """

    def __init__(self) -> None:
        self.jobs: SimpleQueue[Job[Any]] = SimpleQueue()
        self.workers = 0
        self.growing = threading.Lock()

    def invite(self, job: Job[Any], helpers: int) -> None:
        """Offer a job to so many workers."""
        if self.workers < helpers:
            with self.growing:
                while self.workers < helpers:
                    self.workers += 1
                    name = f"nnscratch-{self.workers}"
                    threading.Thread(target=self.serve, name=name, daemon=True).start()
        for _ in range(helpers):
            self.jobs.put(job)

    def serve(self) -> None:
        """What a worker does, forever."""
        while True:
            self.jobs.get().work()


_pool = Pool()


def _new_pool() -> None:
    """A forked child has none of its parent's threads."""
    global _pool
    _pool = Pool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_pool)


def each(items: Sequence[Item], task: Callable[[Item], object]) -> None:
    """Call `task` for each item, in any order, on up to `threads()` threads; one item: right here.

    Tasks must not depend on each other, nor write to the same memory. The first error of a task is
    raised after all have ended.
    """
    helpers = min(threads(), len(items)) - 1 if len(items) > 1 else 0
    if helpers == 0:
        for item in items:
            task(item)
        return
    job = Job(items, task)
    _pool.invite(job, helpers)
    job.work()
    job.wait()


def add_in_order(partial: Array) -> Array:
    """Sum over the first axis of (B, ...), in the order of the blocks that made its parts."""
    parts: Array = partial.reshape(len(partial), -1)
    if len(parts) == 1:
        return parts.reshape(partial.shape[1:])
    total = memory.empty(parts.shape[1:], parts.dtype)

    def task(block: slice) -> None:
        np.add.reduce(parts[:, block], axis=0, out=total[block])

    each(blocks(total.size, GRAIN), task)
    return total.reshape(partial.shape[1:])


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
