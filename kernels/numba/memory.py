"""Memory for large results: leases on memory that is used again and again.

The system hands out fresh memory page by page, when it is first written to, which takes longer than
to write it: seen with 32 MB, 5.6 ms against 1.25 ms. So a large array is a plain NumPy array on
memory of ours, and when the last view of it dies, its place is free for the next arrays. Nobody
ever writes to what somebody still holds.

Memory is asked for in regions. What is free in them are gaps, and gaps that touch become one: an
array takes the first that is large enough, so that the last ones stay untouched as long as may be.
A region in which nothing is left goes back to the system, unless what is in use at once of late
needs it.
"""

from __future__ import annotations

import bisect
import ctypes
import math
import mmap
import os
import threading
import tracemalloc
from collections import deque
from contextlib import suppress
from typing import Any

import numpy as np

from ..ops import Array

LEAST = 1 << 19
"""Bytes of an array that is large: smaller ones the C library finds at hand.
With an eighth of it LeNet's step takes 1.05 times as long, with eight times as much others do."""

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
"""A ctypes array of bytes; `place` is its (first byte, end)."""

_returned: deque[Buffer] = deque()


class Lease(np.ndarray[Any, Any]):
    """A buffer on loan. An array is a view of it, and so are all views of that array."""

    def __del__(self, give_back: Any = _returned.append) -> None:
        give_back(self.base)  # atomic: this may happen at any time, in any thread


class Region:
    """Memory from the system, which has it back when nobody knows the region any more.

    The C library's would not do: it goes on to hold what it once gave out. Bytes of all regions are
    counted through, from `first` on in this one.
    """

    def __init__(self, first: int, size: int):
        self.first, self.end = first, first + size
        self.memory = mmap.mmap(-1, size, **PRIVATE)
        if size >= HUGE and hasattr(mmap, "MADV_HUGEPAGE"):
            with suppress(OSError):  # a system without huge pages: only slower
                self.memory.madvise(mmap.MADV_HUGEPAGE)

    def buffer(self, start: int, size: int) -> Buffer:
        """A part of it."""
        buffer: Buffer = (ctypes.c_char * size).from_buffer(self.memory, start - self.first)
        buffer.place = start, start + size
        return buffer


class Gaps:
    """What is free: (first byte, end), in order; no two touch.

    Who is interrupted may lose a gap, but none is ever there twice.
    """

    def __init__(self) -> None:
        self.places: list[tuple[int, int]] = []

    def add(self, start: int, end: int) -> None:
        """Make a gap, and one with its neighbours."""
        places, at = self.places, bisect.bisect(self.places, (start, end))
        if at < len(places) and places[at][0] == end:
            end = places.pop(at)[1]
        if at > 0 and places[at - 1][1] == start:
            at -= 1
            start = places.pop(at)[0]
        places.insert(at, (start, end))

    def take(self, size: int) -> int | None:
        """The beginning of the first gap that is large enough, if there is one."""
        for at, (start, end) in enumerate(self.places):
            if end - start >= size:
                self.places[at : at + 1] = [(start + size, end)] if start + size < end else []
                return start
        return None


class Pool:
    """Regions, and how much of them is in use."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.regions: list[Region] = []
        self.gaps = Gaps()
        self.used = 0
        """Bytes, as is the other."""
        self.most = 0
        self.taken = 0
        """Arrays."""

    @property
    def held(self) -> int:
        """Bytes of all regions."""
        return sum(region.end - region.first for region in self.regions)

    def take(self, size: int) -> Buffer:
        """A buffer of so many bytes, with anything in it."""
        size = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        with self.lock:
            self._collect()
            self.used += size
            self.most = max(self.used, self.most - self.most // MEMORY)
            self.taken += 1
            if self.taken % MEMORY == 0:
                self._release(KEPT * self.most)
            start = self.gaps.take(size)
            if start is None:
                start = self._grow(size)
            region = next(region for region in self.regions if region.first <= start < region.end)
            buffer = region.buffer(start, size)
            if tracemalloc.is_tracing():
                _track(DOMAIN, ctypes.addressof(buffer), size)
            return buffer

    def release(self, most: int = 0) -> None:
        """Give regions in which nothing is in use back to the system, down to so many bytes."""
        with self.lock:
            self._collect()
            self._release(most)

    def _collect(self) -> None:
        """Make gaps of what has come back."""
        while _returned:
            buffer = _returned.popleft()
            start, end = buffer.place
            self.gaps.add(start, end)
            self.used -= end - start
            if tracemalloc.is_tracing():
                _untrack(DOMAIN, ctypes.addressof(buffer))

    def _grow(self, size: int) -> int:
        """The beginning of a new region, of which so many bytes are taken."""
        last = self.regions[-1].end if self.regions else 0
        region = Region(last + mmap.PAGESIZE, max(size, REGION, self.held))  # no two touch
        self.regions.append(region)
        if region.first + size < region.end:
            self.gaps.add(region.first + size, region.end)
        self._release(KEPT * self.most)
        return region.first

    def _release(self, most: int) -> None:
        places = self.gaps.places
        for region in [r for r in self.regions if (r.first, r.end) in places]:
            if self.held > most:
                places.remove((region.first, region.end))
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
