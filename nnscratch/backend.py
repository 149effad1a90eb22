"""Where arrays live and which kernels work on them."""

from __future__ import annotations

import functools
import os
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

NAMES = ("numpy", "numba", "cupy")
VARIABLE = "NNSCRATCH_BACKEND"
DEFAULT = os.environ.get(VARIABLE) or "numba"
"""The backend of whatever names none."""
TF32 = "tf32"
PRECISIONS = ("float32", TF32)
AMPERE = 80
"""The first GPUs whose tensor cores know TF32."""


class BackendError(NNError, RuntimeError):
    """A backend that this machine cannot offer."""


@dataclass(frozen=True, eq=False)
class Backend:
    """An array module and the kernels for its arrays, resolved once."""

    name: str
    xp: ModuleType
    k: Ops
    empty: Callable[[tuple[int, ...], np.dtype[Any]], Array]
    """Makes an array with anything in it."""
    source: Mapping[str, str]
    """Which folder of kernels each operation was taken from."""
    choosers: Mapping[str, Callable[..., str]]
    """For operations with several algorithms: names the one that a call's arguments get."""
    facts: Mapping[str, str]
    """What its results may hang on beside versions and processor: what it was compiled for ..."""

    def __repr__(self) -> str:
        return f"Backend({self.name!r})"

    @property
    def kind(self) -> str:
        """Its name without what else it says: "cupy" of "cupy:1"."""
        return self.name.partition(":")[0]

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
    """The backend called "numpy", "numba" or "cupy".

    By default, here and wherever no backend is named, it is the one that the environment variable
    NNSCRATCH_BACKEND named when nnscratch was imported, else "numba".

    "cupy:1" is the machine's second GPU; "cupy:tf32" and "cupy:1:tf32" multiply in TF32, see
    `with_precision`.

    Raises:
        UnknownNameError: there is no such backend.
        BackendError: this machine lacks what it needs, or the process uses another GPU.
    """
    kind, *parts = name.split(":")
    precise = parts[-1:] != [TF32]
    numbers = parts if precise else parts[:-1]
    known = kind in NAMES and (not parts or kind == "cupy")
    if not known or len(numbers) > 1 or not all(map(str.isdecimal, numbers)):
        told = f"backend ({VARIABLE})" if name == os.environ.get(VARIABLE) else "backend"
        raise UnknownNameError(told, name, NAMES)
    if kind != "cupy":
        return _host_backend(kind)
    return _gpu_backend(_device(name, int(numbers[0]) if numbers else None, precise), precise)


def with_precision(backend: str, precision: str) -> str:
    """The name of a backend that computes products so: "float32" as they are, or "tf32".

    TF32 is for tensor cores, from Ampere (sm_80) on: of the factors in float32 convolutions and
    matrix products it keeps 10 bits of 23. Nothing takes it unless it is asked for.

    Raises:
        UnknownNameError: there is no such precision.
        BackendError: another backend than "cupy" is to multiply in TF32.
    """
    if precision not in PRECISIONS:
        raise UnknownNameError("precision", precision, PRECISIONS)
    if precision != TF32 or backend.endswith(f":{TF32}"):
        return backend
    if not backend.startswith("cupy"):
        raise BackendError(
            f"precision 'tf32': tensor cores multiply so, and backend {backend!r} has none; "
            "choose backend='cupy', or leave precision out"
        )
    return f"{backend}:{TF32}"


@functools.cache
def _host_backend(name: str) -> Backend:
    table = kernels.resolve(name)
    return Backend(name, np, table.ops, table.empty, table.source, table.choosers, table.facts)


@functools.cache
def _gpu_backend(device: Device, precise: bool) -> Backend:
    table = kernels.resolve("cupy" if precise else f"cupy:{TF32}")
    name = f"cupy:{device.number}" if device.number else "cupy"
    name = name if precise else f"{name}:{TF32}"
    return GpuBackend(
        name, device.xp, table.ops, table.empty, table.source, table.choosers, device.facts, device
    )


def _device(name: str, number: int | None, precise: bool) -> Device:
    """The GPU of this number, or what stands between this machine and it."""
    from nnscratch.kernels.cupy.device import DeviceError, open_device

    try:
        device = open_device(number)
    except DeviceError as error:
        raise BackendError(f"backend {name!r}: {error}; or choose backend='numba'") from error
    if not precise and device.architecture < AMPERE:
        raise BackendError(
            f"backend {name!r}: GPU {device.number} is sm_{device.architecture}, and TF32 came "
            f"with sm_{AMPERE}; leave precision='tf32' out"
        )
    return device
