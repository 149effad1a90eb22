"""The machine that kernels run on: a GPU through CuPy, or what stands for one in tests.

Launch code says `device()` and knows no more than `Device`. Which it is, is one fact of the
process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from . import sources

Three = tuple[int, int, int]


class Device(Protocol):
    """What launch code asks for."""

    xp: Any
    """The module of its arrays: CuPy, or what does the same."""

    def launch(
        self,
        source: str,
        kernel: str,
        defines: Mapping[str, str],
        grid: Three,
        block: Three,
        arguments: Sequence[Any],
        shared: int = 0,
    ) -> None:
        """Run a kernel of the file `source`.cu, compiled with macros.

        Args:
            arguments: contiguous arrays, NumPy scalars of the parameters' types, None for a null
                pointer.
            shared: bytes of dynamic shared memory.
        """


class CupyDevice:
    """The GPU that CuPy calls the current one."""

    def __init__(self) -> None:
        import cupy

        self.xp: Any = cupy
        self._modules: dict[tuple[str, frozenset[tuple[str, str]]], Any] = {}

    def launch(
        self,
        source: str,
        kernel: str,
        defines: Mapping[str, str],
        grid: Three,
        block: Three,
        arguments: Sequence[Any],
        shared: int = 0,
    ) -> None:
        """As `Device`: on the current stream, without waiting for the result."""
        key = source, frozenset(defines.items())
        if key not in self._modules:  # CuPy compiles it when a kernel of it is first run on a GPU
            options = (*sources.OPTIONS, *(f"-D{name}={value}" for name, value in key[1]))
            self._modules[key] = self.xp.RawModule(code=sources.text(source), options=options)
        function = self._modules[key].get_function(kernel)
        function(grid, block, tuple(arguments), shared_mem=shared)


_device: Device | None = None


def device() -> Device:
    """The process's device."""
    global _device
    if _device is None:
        _device = CupyDevice()
    return _device


@contextmanager
def on(other: Device) -> Iterator[Device]:
    """Another device, inside a with statement: for tests."""
    global _device
    before, _device = _device, other
    try:
        yield other
    finally:
        _device = before
