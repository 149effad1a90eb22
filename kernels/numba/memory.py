"""Memory for large results: leases on buffers that are used again and again.

The system hands out fresh memory page by page, when it is first written to, which takes longer than
to write it: seen with 32 MB, 5.6 ms against 1.25 ms. So a large array is a plain NumPy array on a
buffer of ours, and when the last view of it dies, its buffer is free for the next array. Nobody
ever writes to what somebody still holds.

Free buffers are kept as long as they and those in use take no more than half as much again as was
in use at once of late. With that, the steps of the networks that benchmarks train ask for no fresh
memory.
"""

from __future__ import annotations

import ctypes
import math
import os
import threading
from collections import deque
from typing import Any

import numpy as np

from ..ops import Array

LEAST = 1 << 18
"""Bytes of an array that is large: smaller ones the C library finds at hand."""

LINE = 64
"""Bytes of a cache line, at whose beginning a buffer begins."""

SLACK = 2
"""A buffer serves an array that is so many times as small at most."""

KEPT = 1.5
"""All buffers together, in terms of what was in use at once."""

MEMORY = 1000
"""Arrays after which a third is left of what is remembered to have been in use."""

Buffer = Any
"""A ctypes array of bytes."""

_returned: deque[Buffer] = deque()


class Lease(np.ndarray[Any, Any]):
    """A buffer on loan. An array is a view of it, and so are all views of that array."""

    def __del__(self, give_back: Any = _returned.append) -> None:
        give_back(self.base)  # atomic: this may happen at any time, in any thread


class Pool:
    """Buffers in use, and free ones, the oldest first."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.free: list[Buffer] = []
        self.used = 0
        """Bytes, as are the others."""
        self.spare = 0
        self.most = 0

    def take(self, size: int) -> Buffer:
        """A buffer of so many bytes or a few more, with anything in it."""
        with self.lock:
            while _returned:
                self.free.append(_returned.popleft())
                self.used -= len(self.free[-1])
                self.spare += len(self.free[-1])
            fitting = [b for b in self.free if size <= len(b) <= SLACK * size]
            buffer = min(reversed(fitting), key=len, default=None)
            if buffer is None:
                buffer = fresh(size)
            else:
                self.free.remove(buffer)
                self.spare -= len(buffer)
            self.used += len(buffer)
            self.most = max(self.used, self.most - self.most // MEMORY)
            while self.free and self.used + self.spare > KEPT * self.most:
                self.spare -= len(self.free.pop(0))
            return buffer


def fresh(size: int) -> Buffer:
    """New memory, from the beginning of a cache line on."""
    room: Any = np.empty(size + LINE, np.uint8)
    return (ctypes.c_char * size).from_buffer(room, -room.ctypes.data % LINE)


_pool = Pool()


def _new_lock() -> None:
    """In a forked child, whoever held it is gone."""
    _pool.lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """An array with anything in it."""
    size = math.prod(shape) * dtype.itemsize
    if size < LEAST:
        return np.empty(shape, dtype)
    lease = Lease(shape, dtype, _pool.take(size))
    return lease.view(np.ndarray)


def zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """An array of zeros."""
    y = empty(shape, dtype)
    y.fill(0)
    return y
