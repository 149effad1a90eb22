"""A GPU as a place to measure on."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from benchmarks.report import BenchmarkError
from benchmarks.timing import Work
from nnscratch.backend import TF32, GpuBackend, get_backend
from nnscratch.kernels.numba import parallel
from nnscratch.kernels.ops import Array

FLUSHED = 1 << 29
"""Bytes that are written before a call is timed: several times an L2 cache. Meanwhile Python has
the time to queue the call, so that a kernel's own time is measured and not how it is launched."""


class Gpu:
    """As `Place`: CuPy's and PyTorch's work is queued on the same stream, the default one.

    Args:
        backend: "cupy", or "cupy:tf32".

    Raises:
        BackendError: there is no GPU here.
    """

    compiles = True
    flushes = True
    tells_memory = True

    def __init__(self, backend: str, flushed: int = FLUSHED):
        used = get_backend(backend)
        assert isinstance(used, GpuBackend)
        self.backend, self.xp, self._facts = backend, used.xp, used.facts
        self.torch_device = f"cuda:{used.device.number}"
        self.tf32 = backend.endswith(f":{TF32}")
        self._written = self.xp.empty(flushed, "uint8")
        self._start, self._stop = self.xp.cuda.Event(), self.xp.cuda.Event()

    @property
    def facts(self) -> dict[str, Any]:
        """As `Place`: the GPU, its driver, its memory, and how it multiplies."""
        total = self.xp.cuda.runtime.memGetInfo()[1]
        precision = TF32 if self.tf32 else "float32"
        told = {"gpu_memory_gib": round(total / 2**30, 1), "precision": precision}
        return {"threads": parallel.threads(), **self._facts, **told}

    def clock(self, work: Work) -> float:
        """As `Place`: between two events of the device, the caches full of something else."""
        self._written.fill(0)
        self._start.record()
        work()
        self._stop.record()
        self._stop.synchronize()
        return 1e-3 * float(self.xp.cuda.get_elapsed_time(self._start, self._stop))

    def ready(self, torch: ModuleType) -> None:
        """As `Place`: PyTorch multiplies as precisely as we, and looks for cuDNN's fastest way.

        Raises:
            BenchmarkError: it was built without CUDA.
        """
        if not torch.cuda.is_available():
            raise BenchmarkError(
                f"--against torch: PyTorch {torch.__version__} cannot use the GPU; install one "
                "that was built for CUDA, see pytorch.org, or leave the option out"
            )
        torch.backends.cuda.matmul.allow_tf32 = self.tf32
        torch.backends.cudnn.allow_tf32 = self.tf32
        torch.backends.cudnn.benchmark = True

    def traced(self, work: Callable[[], Array]) -> tuple[Array, int]:
        """As `Place`: what CuPy's pool gave out; the libraries' own memory is not in it."""
        cuda = self.xp.cuda

        class Traced(cuda.MemoryHook):  # type: ignore[misc]
            name, held, most = "benchmarks", 0, 0

            def malloc_postprocess(self, **told: Any) -> None:
                self.held += told["mem_size"]
                self.most = max(self.most, self.held)

            def free_postprocess(self, **told: Any) -> None:
                self.held -= told["mem_size"]

        with Traced() as traced:
            result = work()
        return result, max(traced.most - result.nbytes, 0)

    def idle(self) -> int:
        """As `Place`: CuPy and PyTorch give back what they keep for the next array."""
        gc.collect()
        self.xp.get_default_memory_pool().free_all_blocks()
        if torch := sys.modules.get("torch"):
            torch.cuda.empty_cache()
        return self.most()

    def most(self) -> int:
        """As `Place`: both keep what they ever took, in blocks of some MiB; nobody else must use
        the GPU meanwhile.
        """
        free, total = self.xp.cuda.runtime.memGetInfo()
        return int(total - free)
