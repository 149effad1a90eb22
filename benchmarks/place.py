"""Where things are measured: the processor, or a GPU."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, Protocol

from benchmarks.gpu import Gpu
from benchmarks.host import Host
from benchmarks.timing import Work
from nnscratch.kernels.ops import Array


class Place(Protocol):
    """What a benchmark asks of it."""

    @property
    def backend(self) -> str:
        """Of our models."""

    @property
    def torch_device(self) -> str:
        """PyTorch's name of it."""

    @property
    def compiles(self) -> bool:
        """Whether PyTorch takes part compiled, too."""

    @property
    def flushes(self) -> bool:
        """Whether a call that is timed finds nothing in the caches."""

    @property
    def facts(self) -> dict[str, Any]:
        """What stands in the JSON's "machine"."""

    def clock(self, work: Work) -> float:
        """Seconds of a call."""

    def ready(self, torch: ModuleType) -> None:
        """Give PyTorch what our kernels have here."""

    def traced(self, work: Callable[[], Array]) -> tuple[Array, int]:
        """A call's result, and the bytes that it needed at once beside that."""

    @property
    def tells_memory(self) -> bool:
        """Whether `idle` and `most` can say something."""

    def idle(self) -> int:
        """Bytes that are held once all that can be has been given back."""

    def most(self) -> int:
        """Bytes that were held at most since `idle`."""


def place(backend: str) -> Place:
    """The one that a backend works on.

    Raises:
        BackendError: this machine has no GPU.
    """
    return Gpu(backend) if backend.startswith("cupy") else Host()
