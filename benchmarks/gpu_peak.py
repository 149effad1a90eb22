"""What a GPU can do: the fastest matrix product in a precision, and the fastest copy."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.gpu import Gpu
from benchmarks.peak import Peak
from benchmarks.place import Place
from benchmarks.timing import Work
from nnscratch.backend import get_backend

SIDE = 4096
"""Of the matrices."""
COPIED = 1 << 30
"""Bytes of the copied array: more than any cache."""


def peak_on(place: Place, torch: ModuleType | None = None) -> Peak:
    """What measures a place's ceilings."""
    return GpuPeak(place, torch) if isinstance(place, Gpu) else Peak()


class GpuPeak(Peak):
    """As `Peak`, between the device's events: our own product, cuBLAS's by CuPy, PyTorch's.

    CuPy is told of TF32 for a whole process or not at all, so there it does not take part.
    """

    def __init__(
        self,
        place: Gpu,
        torch: ModuleType | None = None,
        side: int = SIDE,
        copied: int = COPIED,
        calls: int = 5,
    ):
        rng, backend = np.random.default_rng(0), get_backend(place.backend)
        a, b = (rng.standard_normal((side, side), dtype=np.float32) for _ in range(2))
        self.a, self.b = map(backend.from_host, (a, b))
        self.side, self.calls, self.highest = side, calls, 0.0
        self.place, self.xp, self.ours = place, place.xp, backend.k.matmul
        self.works: list[Work] = [lambda: self.ours(self.a, self.b)]
        if not place.tf32:
            self.works.append(lambda: self.xp.matmul(self.a, self.b))
        if torch is not None:
            theirs: Any = [torch.from_numpy(matrix).to(place.torch_device) for matrix in (a, b)]
            self.works.append(lambda: torch.matmul(*theirs))
        self.source = self.xp.ones(copied // 4, "float32")
        for work in self.works:
            work()  # compiles

    def products(self) -> Iterator[float]:
        """Seconds of each call."""
        for work in self.works:
            yield from (self.place.clock(work) for _ in range(self.calls))

    def copies(self) -> Iterator[float]:
        """Seconds of each call."""
        target = self.xp.empty_like(self.source)
        for _ in range(self.calls):
            yield self.place.clock(lambda: self.xp.copyto(target, self.source))
