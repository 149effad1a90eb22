"""The processor as a place to measure on."""

from __future__ import annotations

import ctypes
import gc
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.report import BenchmarkError
from benchmarks.timing import Work, once
from nnscratch.kernels.numba import memory, parallel
from nnscratch.kernels.ops import Array

STATUS = Path("/proc/self/status")


class Host:
    """As `Place`: on as many threads as the kernels have."""

    backend = "numba"
    torch_device = "cpu"
    compiles = False
    flushes = False

    @property
    def facts(self) -> dict[str, Any]:
        """As `Place`."""
        return {"threads": parallel.threads()}

    def clock(self, work: Work) -> float:
        """As `Place`: with giving back what it returns."""
        return once(work)

    def ready(self, torch: ModuleType) -> None:
        """As `Place`: PyTorch gets as many threads as our kernels."""
        torch.set_num_threads(parallel.threads())

    def traced(self, work: Callable[[], Array]) -> tuple[Array, int]:
        """As `Place`.

        The call is made on one thread, which has no scratch memory from earlier ones. More threads
        need as much of that each.
        """

        def measure() -> tuple[Array, int]:
            tracemalloc.start()
            try:
                result = work()
                return result, max(tracemalloc.get_traced_memory()[1] - result.nbytes, 0)
            finally:
                tracemalloc.stop()

        threads = parallel.threads()
        parallel.set_threads(1)
        try:
            with ThreadPoolExecutor(max_workers=1) as thread:
                return thread.submit(measure).result()
        finally:
            parallel.set_threads(threads)

    @property
    def tells_memory(self) -> bool:
        """As `Place`: Linux tells the most that a process ever held, and lets it start anew."""
        return STATUS.exists()

    def idle(self) -> int:
        """As `Place`."""
        gc.collect()
        memory.release()
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")  # the most it held is now what it holds
        return held("VmRSS")

    def most(self) -> int:
        """As `Place`."""
        return held("VmHWM")


def held(which: str) -> int:
    """Bytes that this process holds ("VmRSS"), or held at most ("VmHWM")."""
    for line in STATUS.read_text().splitlines():
        if line.startswith(f"{which}:"):
            return int(line.split()[1]) << 10
    raise BenchmarkError(f"{STATUS} has no {which}")
