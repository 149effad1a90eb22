"""Memory for large results: leases on memory that is used again and again.

The system hands out fresh memory page by page, when it is first written to, which takes longer than
to write it: seen with 32 MB, 5.6 ms against 1.25 ms. So a large array is a plain NumPy array on
memory of ours, and when the last view of it dies, its place is free for the next arrays. Nobody
ever writes to what somebody still holds.

An array takes the place of the last one of its size, as in a training step like the one before.
If there is none, all places that are free become gaps of the regions that memory was asked for in,
and gaps that touch become one: an array takes the smallest that is large enough. A region in which
nothing is left goes back to the system, unless what is in use at once of late needs it.
"""

from __future__ import annotations

import bisect
import ctypes
import math
import mmap
import os
import threading
import tracemalloc
from collections import defaultdict, deque
from contextlib import suppress
from typing import Any

import numpy as np

from ..ops import Array

LEAST = 1 << 16
"""Bytes of an array that is large: smaller ones the C library finds at hand."""

REGION = 1 << 22
"""Bytes of the first region. Each is as large as all before it, which costs nothing: memory is what
somebody has written to."""

HUGE = 1 << 25
"""Bytes of a region whose pages may be huge, so that there are few of them to look up."""

KEPT = 2
"""All regions together, in terms of what was in use at once: beyond it, empty ones go."""

MEMORY = 1000
"""Arrays after which a third is left of what is remembered to have been in use, and it is looked
for regions that can go."""

PRIVATE = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if os.name == "posix" else {}
"""Memory of which a forked child gets a copy: shared, it would write into its parent's arrays."""

DOMAIN = 0x4E4E
"""Under which tracemalloc counts this memory: any number that is not taken."""

_track, _untrack = ctypes.pythonapi.PyTraceMalloc_Track, ctypes.pythonapi.PyTraceMalloc_Untrack
_track.argtypes = ctypes.c_uint, ctypes.c_size_t, ctypes.c_size_t
_untrack.argtypes = ctypes.c_uint, ctypes.c_size_t

Buffer = Any
"""A ctypes array of bytes; `place` is its (region, first byte, size)."""

_returned: deque[Buffer] = deque()


class Lease(np.ndarray[Any, Any]):
    """A buffer on loan. An array is a view of it, and so are all views of that array."""

    def __del__(self, give_back: Any = _returned.append) -> None:
        give_back(self.base)  # atomic: this may happen at any time, in any thread


class Region:
    """Memory from the system, which has it back when nobody knows the region any more.

    The C library's would not do: it goes on to hold what it once gave out.
    """

    def __init__(self, size: int):
        self.size = size
        self.memory = mmap.mmap(-1, size, **PRIVATE)
        if size >= HUGE and hasattr(mmap, "MADV_HUGEPAGE"):
            with suppress(OSError):  # a system without huge pages: only slower
                self.memory.madvise(mmap.MADV_HUGEPAGE)
        self.gaps = [(0, size)]
        """(first byte, end), in order; no two touch."""

    @property
    def empty(self) -> bool:
        """Whether nothing is in use."""
        return self.gaps == [(0, self.size)]

    def take(self, gap: tuple[int, int], size: int) -> Buffer:
        """The beginning of a gap."""
        start, end = gap
        at = self.gaps.index(gap)
        self.gaps[at : at + 1] = [(start + size, end)] if start + size < end else []
        buffer: Buffer = (ctypes.c_char * size).from_buffer(self.memory, start)
        buffer.place = self, start, size
        return buffer

    def give_back(self, start: int, size: int) -> None:
        """Make a gap, and one with its neighbours."""
        end, at = start + size, bisect.bisect(self.gaps, (start, start))
        if at < len(self.gaps) and self.gaps[at][0] == end:
            end = self.gaps.pop(at)[1]
        if at > 0 and self.gaps[at - 1][1] == start:
            at -= 1
            start = self.gaps.pop(at)[0]
        self.gaps.insert(at, (start, end))


class Pool:
    """Regions, and how much of them is in use."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.regions: list[Region] = []
        self.spare: dict[int, list[Buffer]] = defaultdict(list)
        """What came back, by its size."""
        self.used = 0
        """Bytes, as is the other."""
        self.most = 0
        self.taken = 0
        """Arrays."""

    @property
    def held(self) -> int:
        """Bytes of all regions."""
        return sum(region.size for region in self.regions)

    def take(self, size: int) -> Buffer:
        """A buffer of so many bytes, with anything in it."""
        size = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        with self.lock:
            self._collect()
            self.used += size
            self.most = max(self.used, self.most - self.most // MEMORY)
            self.taken += 1
            if self.taken % MEMORY == 0:
                self._merge()
                self._release(KEPT * self.most)
            alike = self.spare[size]
            buffer = alike.pop() if alike else self._find(size)
            if tracemalloc.is_tracing():
                _track(DOMAIN, ctypes.addressof(buffer), size)
            return buffer

    def release(self, most: int = 0) -> None:
        """Give regions in which nothing is in use back to the system, down to so many bytes."""
        with self.lock:
            self._collect()
            self._merge()
            self._release(most)

    def _collect(self) -> None:
        """Count what has come back as spare."""
        while _returned:
            buffer = _returned.popleft()
            _, _, size = buffer.place
            self.spare[size].append(buffer)
            self.used -= size
            if tracemalloc.is_tracing():
                _untrack(DOMAIN, ctypes.addressof(buffer))

    def _find(self, size: int) -> Buffer:
        """The beginning of the smallest gap that is large enough, if need be of a new region."""
        self._merge()
        fitting = [
            (end - start, number, start)
            for number, region in enumerate(self.regions)
            for start, end in region.gaps
            if end - start >= size
        ]
        if not fitting:
            self.regions.append(Region(max(size, REGION, self.held)))
            fitting = [(self.regions[-1].size, len(self.regions) - 1, 0)]
        length, number, start = min(fitting)
        buffer = self.regions[number].take((start, start + length), size)
        self._release(KEPT * self.most)
        return buffer

    def _merge(self) -> None:
        """Make gaps of all that is spare. Interrupted, it may lose a place, never have it twice."""
        while self.spare:
            _, buffers = self.spare.popitem()
            while buffers:
                region, start, size = buffers.pop().place
                region.give_back(start, size)

    def _release(self, most: int) -> None:
        for region in [region for region in self.regions if region.empty]:
            if self.held > most:
                self.regions.remove(region)


_pool = Pool()


def _new_lock() -> None:
    """In a forked child, whoever held it is gone."""
    _pool.lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)


def release() -> None:
    """Give all memory that is free back to the system, as after the last step of a large model."""
    _pool.release()


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
