"""Where arrays live and which kernels work on them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from nnscratch import kernels
from nnscratch.core.errors import NNError, UnknownNameError
from nnscratch.kernels.ops import Array, Ops

if TYPE_CHECKING:
    from nnscratch.kernels.cupy.device import Device

DEFAULT = "numba"
NAMES = ("numpy", "numba", "cupy")


class BackendError(NNError, RuntimeError):
    """A backend that this machine cannot offer."""


@dataclass(frozen=True, eq=False)
class Backend:
    """An array module and the kernels for its arrays, resolved once."""

    name: str
    xp: ModuleType
    k: Ops
    source: Mapping[str, str]
    """Which folder of kernels each operation was taken from."""
    choosers: Mapping[str, Callable[..., str]]
    """For operations with several algorithms: names the one that a call's arguments get."""
    facts: Mapping[str, str]
    """What its results may hang on beside versions and processor: what it was compiled for ..."""

    def __repr__(self) -> str:
        return f"Backend({self.name!r})"

    def from_host(self, array: Array) -> Array:
        """The backend's own array of a NumPy array; the same object where nothing has to move."""
        result: Array = self.xp.asarray(array)
        return result

    def to_host(self, array: Any) -> Array:
        """A NumPy array of one of the backend's arrays."""
        return np.asarray(array)


@dataclass(frozen=True, eq=False)
class GpuBackend(Backend):
    """Arrays on a GPU; nothing but these two methods moves any between it and the host."""

    device: Device

    def from_host(self, array: Array) -> Array:
        """The GPU's array of a NumPy array; the same object where it is there already.

        Raises:
            MemoryError: it does not fit; says what was asked for and what is free.
        """
        return self.device.put(array)

    def to_host(self, array: Any) -> Array:
        """A NumPy array of one of the GPU's: waits until that is computed."""
        return self.device.get(array)


def get_backend(name: str = DEFAULT) -> Backend:
    """The backend called "numpy", "numba" or "cupy"; "cupy:1" is the machine's second GPU.

    Raises:
        UnknownNameError: there is no such backend.
        BackendError: this machine lacks what it needs, or the process uses another GPU.
    """
    kind, colon, number = name.partition(":")
    if kind not in NAMES or (colon and not (kind == "cupy" and number.isdecimal())):
        raise UnknownNameError("backend", name, NAMES)
    if kind == "cupy":
        return _gpu_backend(_device(name, int(number) if colon else None))
    return _host_backend(kind)


@functools.cache
def _host_backend(name: str) -> Backend:
    table = kernels.resolve(name)
    return Backend(name, np, table.ops, table.source, table.choosers, table.facts)


@functools.cache
def _gpu_backend(device: Device) -> Backend:
    table = kernels.resolve("cupy")
    name = f"cupy:{device.number}" if device.number else "cupy"
    return GpuBackend(name, device.xp, table.ops, table.source, table.choosers, table.facts, device)


def _device(name: str, number: int | None) -> Device:
    """The GPU of this number, or what stands between this machine and it."""
    from nnscratch.kernels.cupy.device import DeviceError, open_device

    try:
        return open_device(number)
    except DeviceError as error:
        raise BackendError(f"backend {name!r}: {error}; or choose backend='numba'") from error
