"""The machine that kernels run on: a GPU through CuPy, or what stands for one in tests.

Launch code says `device()` and knows no more than `Device`. Which it is, is one fact of the
process: a process works on one GPU.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from ..ops import Array
from . import sources

Three = tuple[int, int, int]


NULL = np.uintp(0)
"""A null pointer. Of None, CuPy makes one from version 14 on, and a crash before."""


class DeviceError(RuntimeError):
    """There is no such GPU here, or none at all; or it must not be used as it is."""


class Device(Protocol):
    """What launch code asks for."""

    xp: Any
    """The module of its arrays: CuPy, or what does the same."""
    number: int
    """Which GPU of the machine it is."""
    architecture: int
    """What it can do: 90 for sm_90."""
    facts: Mapping[str, str]
    """What results may hang on: its name, and versions."""

    def __hash__(self) -> int: ...

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """A new array, to be filled."""

    def put(self, array: Any) -> Array:
        """The device's array of a NumPy array; the same object where it is one already."""

    def get(self, array: Any) -> Array:
        """The NumPy array of one of the device's; the same object where it is one already."""

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
    """A GPU, from here on the one that CuPy calls the current one.

    From here on, too, CuPy says what was asked for and what is free where memory runs out.

    Raises:
        DeviceError: CuPy is missing, or a driver, or the GPU; or CuPy would multiply in TF32.
    """

    def __init__(self, number: int = 0) -> None:
        self.xp, self.number = cupy_for(number), number
        self._gpu = self.xp.cuda.Device(number)
        self._gpu.use()
        self.architecture = int(self._gpu.compute_capability)
        runtime = self.xp.cuda.runtime
        self.facts: Mapping[str, str] = {
            "gpu": runtime.getDeviceProperties(number)["name"].decode(),
            "driver": version(runtime.driverGetVersion()),
            "cuda": version(runtime.runtimeGetVersion()),
            "cupy": self.xp.__version__,
        }
        self._modules: dict[tuple[str, ...], Any] = {}
        self._functions: dict[tuple[str, ...], Any] = {}
        self._allocator = self.xp.cuda.get_allocator()
        self.xp.cuda.set_allocator(self._allocate)

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """As `Device`.

        Raises:
            MemoryError: there is not as much left.
        """
        result: Array = self.xp.empty(shape, dtype)
        return result

    def put(self, array: Any) -> Array:
        """As `Device`. The thread that calls it works on this GPU from then on.

        Raises:
            MemoryError: as `empty`.
            ValueError: the array is on another GPU.
        """
        if isinstance(array, self.xp.ndarray) and array.device.id != self.number:
            raise ValueError(
                f"backend 'cupy:{self.number}': got an array {array.shape} that lies on GPU "
                f"{array.device.id}; hand over array.get()"
            )
        self._gpu.use()  # of each thread of the process, GPU 0 is the current one at first
        result: Array = self.xp.asarray(array)
        return result

    def get(self, array: Any) -> Array:
        """As `Device`: waits until the array is computed."""
        return self.xp.asnumpy(array) if isinstance(array, self.xp.ndarray) else np.asarray(array)

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
        key = source, kernel, *defines.values()
        if key not in self._functions:
            self._functions[key] = self._module(source, defines).get_function(kernel)
        pointed = tuple(NULL if argument is None else argument for argument in arguments)
        self._functions[key](grid, block, pointed, shared_mem=shared)

    def _module(self, source: str, defines: Mapping[str, str]) -> Any:
        """A file of kernels; CuPy compiles it when one is first wanted, and keeps the code."""
        key = source, *defines.values()
        if key not in self._modules:
            options = (*sources.OPTIONS, *(f"-D{name}={value}" for name, value in defines.items()))
            self._modules[key] = self.xp.RawModule(code=sources.text(source), options=options)
        return self._modules[key]

    def _allocate(self, size: int) -> Any:
        """CuPy's allocator, for all of its arrays: ours, and those that it makes itself."""
        try:
            return self._allocator(size)
        except self.xp.cuda.memory.OutOfMemoryError as error:
            pool = self.xp.get_default_memory_pool()
            free, total = self.xp.cuda.runtime.memGetInfo()
            free += pool.total_bytes() - pool.used_bytes()  # what CuPy holds for the next array
            error.args = (
                f"GPU {self.number}: an array of {gibibytes(size)} was asked for, and "
                f"{gibibytes(free)} of {gibibytes(total)} are free; the model is as it was: take a "
                "smaller batch, keep fewer steps, or end what else runs there",
            )
            raise


def gibibytes(size: float) -> str:
    """A number of bytes to read."""
    return f"{size / 2**30:.2f} GiB"


def cupy_for(number: int) -> Any:
    """CuPy, if a GPU of this number can be used here.

    Raises:
        DeviceError: says what stands between this machine and it.
    """
    try:
        import cupy
    except ImportError as error:
        raise DeviceError(
            f"CuPy is not installed, or not whole ({error}); pip install 'nnscratch[cuda13]' "
            "(CUDA 13) or 'nnscratch[cuda12]' (CUDA 12)"
        ) from error
    if os.environ.get("CUPY_TF32", "0") not in ("", "0"):
        raise DeviceError(
            "the environment variable CUPY_TF32 lets CuPy multiply in TF32 unasked; unset it, and "
            "ask with precision='tf32'"
        )
    runtime = cupy.cuda.runtime
    try:
        devices = runtime.getDeviceCount()
    except runtime.CUDARuntimeError as error:
        driver, needed = runtime.driverGetVersion(), runtime.runtimeGetVersion()
        if 0 < driver < needed:
            raise DeviceError(
                f"the driver is too old: it knows CUDA {version(driver)}, CuPy was built for CUDA "
                f"{version(needed)}; update the driver, or install CuPy for an older CUDA"
            ) from error
        raise DeviceError(f"no usable NVIDIA GPU or driver ({error})") from error
    if number >= devices:
        raise DeviceError(f"there is no GPU {number}: {devices} found, numbered from 0")
    return cupy


def version(number: int) -> str:
    """A version as CUDA numbers them: 12040 is 12.4."""
    return f"{number // 1000}.{number % 1000 // 10}"


_device: Device | None = None


def open_device(number: int | None = None) -> Device:
    """The process's device; the first call says which, by default GPU 0.

    Raises:
        DeviceError: as `CupyDevice`; or the process works on another GPU already.
    """
    global _device
    if _device is None:
        _device = CupyDevice(number or 0)
    if number not in (None, _device.number):
        raise DeviceError(
            f"this process works on GPU {_device.number} already, and cannot on GPU {number} too; "
            "start another process"
        )
    return _device


def device() -> Device:
    """The process's device."""
    return open_device()


@contextmanager
def on(other: Device | None) -> Iterator[Device | None]:
    """Another device, or none yet, inside a with statement: for tests."""
    global _device
    before, _device = _device, other
    try:
        yield other
    finally:
        _device = before
