"""Where arrays live and which kernels work on them; the only file here that knows CuPy."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from nnscratch import kernels
from nnscratch.core.errors import NNError, UnknownNameError
from nnscratch.kernels.ops import Array, Ops

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


@functools.cache
def get_backend(name: str = DEFAULT) -> Backend:
    """The backend called "numpy", "numba" or "cupy".

    Raises:
        UnknownNameError: there is no such backend.
        BackendError: this machine lacks what it needs.
    """
    if name not in NAMES:
        raise UnknownNameError("backend", name, NAMES)
    if name == "cupy":
        _require_cupy()
    table = kernels.resolve(name)
    return Backend(name, np, table.ops, table.source, table.choosers, table.facts)


def _require_cupy() -> None:
    """Say what stands between this machine and the CuPy backend."""
    try:
        import cupy
    except ImportError as error:
        raise BackendError(
            "backend 'cupy': CuPy is not installed; pip install 'nnscratch[cuda13]' (CUDA 13) or "
            "'nnscratch[cuda12]' (CUDA 12), or choose backend='numba'"
        ) from error
    try:
        devices = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise BackendError(
            f"backend 'cupy': no usable NVIDIA GPU or driver ({error}); choose backend='numba'"
        ) from error
    raise BackendError(
        f"backend 'cupy': {devices} GPU(s) found, but this version of nnscratch has no CuPy "
        "kernels yet; choose backend='numba'"
    )
