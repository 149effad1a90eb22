"""Array kernels and their registry.

Every operation is declared once, in `ops.py`, and implemented in one folder per backend:

* ``naive``  plain Python loops: the oracle that tests compare with; never serves a model;
* ``numpy``  the readable one;
* ``numba``  compiled and parallel; the default on a CPU;
* ``cupy``   CUDA kernels, for NVIDIA's GPUs.

`resolve("numba")` imports that folder, once, and returns its table of operations. What Numba
lacks is taken from NumPy, and `Kernels.source` says so. So is what ``cupy:tf32``, the products of
tensor cores, leaves to ``cupy``; no other backend falls back.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar, cast

import numpy as np

from .ops import OPS, Array, Ops

if __name__ != "nnscratch.kernels":
    raise ImportError(
        f"this package is nnscratch.kernels, but was imported as {__name__!r}: a second copy "
        "would be a second registry; write `from nnscratch import kernels`"
    )

__all__ = ["BACKENDS", "Kernels", "Ops", "chooser", "kernel", "resolve", "table"]

BACKENDS = ("naive", "numpy", "numba")
"""Those whose arrays are NumPy's."""

FALLBACK = {"numba": "numpy", "cupy:tf32": "cupy"}
HOMES = {"cupy:tf32": "cupy.tf32"}
"""Modules of backends that are no folders."""

TUNERS = {"numba": "numba.conv.tune"}

_table: dict[tuple[str, str], Callable[..., Any]] = {}
_choosers: dict[tuple[str, str], Callable[..., str]] = {}
_resolved: dict[str, Kernels] = {}

F = TypeVar("F", bound=Callable[..., Any])


def kernel(op: str, *, backend: str) -> Callable[[F], F]:
    """Register a function as `backend`'s implementation of `op`.

    Raises:
        ValueError: the operation is not declared in `ops.py`, is registered already, or its
            parameters are not those of the declaration.
    """

    return registering("kernel", _table, op, backend)


def chooser(op: str, *, backend: str) -> Callable[[F], F]:
    """Register the function that names the algorithm which `backend` takes for `op`.

    It has the operation's parameters, and heeds the arrays' shapes and dtypes alone.

    Raises:
        ValueError: as `kernel`.
    """
    return registering("chooser", _choosers, op, backend)


def registering(
    what: str, table: dict[tuple[str, str], Callable[..., Any]], op: str, backend: str
) -> Callable[[F], F]:
    """A decorator that enters a function into a table, if it is what `ops.py` declares."""

    def register(function: F) -> F:
        if op not in OPS:
            raise ValueError(f"{what} {op!r} ({backend}): not declared in kernels/ops.py")
        if (op, backend) in table:
            raise ValueError(f"{what} {op!r} ({backend}): registered twice")
        declared, got = parameters(OPS[op])[1:], parameters(function)
        if got != declared:
            raise ValueError(f"{what} {op!r} ({backend}): takes {got}, ops.py declares {declared}")
        table[op, backend] = function
        return function

    return register


def parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    """The parameter names of a function, in order."""
    return tuple(inspect.signature(function).parameters)


class Kernels:
    """The operations of one backend as attributes; typed as `Ops` where they are used."""

    def __init__(
        self,
        functions: Mapping[str, Callable[..., Any]],
        source: Mapping[str, str],
        facts: Mapping[str, str],
        empty: Callable[..., Array],
    ):
        self.empty = empty
        self.source = MappingProxyType(dict(source))
        self.facts = MappingProxyType(dict(facts))
        self.choosers = MappingProxyType(
            {op: _choosers[op, home] for op, home in source.items() if (op, home) in _choosers}
        )
        vars(self).update(functions)

    @property
    def ops(self) -> Ops:
        """This table, as the declared operations."""
        return cast(Ops, self)


def resolve(backend: str) -> Kernels:
    """The table of a backend: each operation's own function, or its declared fallback's.

    Raises:
        LookupError: the backend, and what it falls back to, lack an operation.
    """
    if backend not in _resolved:
        _resolved[backend] = _resolve(backend)
    return _resolved[backend]


def _resolve(backend: str) -> Kernels:
    chain = [backend, *([FALLBACK[backend]] if backend in FALLBACK else [])]
    homes = [importlib.import_module(f"{__name__}.{HOMES.get(name, name)}") for name in chain]
    functions, source = {}, {}
    facts: dict[str, str] = {}
    for module in homes:
        facts |= getattr(module, "FACTS", {})
    empty = next((module.empty for module in homes if hasattr(module, "empty")), np.empty)
    for op in OPS:
        home = next((name for name in chain if (op, name) in _table), None)
        if home is None:
            raise LookupError(f"kernel {op!r}: not implemented by {' or '.join(chain)}")
        functions[op], source[op] = _table[op, home], home
    return Kernels(functions, source, facts, empty)


def tune(backend: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Measure what a backend chooses its algorithms by, and keep it for all processes to come.

    Returns:
        The file that it is kept in, what was chosen by so far, and what was measured.

    Raises:
        LookupError: the backend has nothing to choose from.
    """
    if backend not in TUNERS:
        raise LookupError(f"backend {backend!r} has one algorithm for each operation: none to tune")
    module = importlib.import_module(f"{__name__}.{TUNERS[backend]}")
    return cast(tuple[str, dict[str, Any], dict[str, Any]], module.tune_and_keep())


def table() -> Mapping[tuple[str, str], Callable[..., Any]]:
    """What has been registered so far, keyed by (operation, backend)."""
    return MappingProxyType(_table)
