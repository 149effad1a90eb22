"""What the bits of a training may hang on beside its description: versions, processor, threads."""

from __future__ import annotations

import functools
import hashlib
import os
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from nnscratch.backend import Backend
from nnscratch.machine import processor
from nnscratch.version import __version__

PACKAGE = Path(__file__).parent.parent
LIBRARIES = {"numpy": ("numpy",), "numba": ("numpy", "numba", "llvmlite"), "cupy": ("numpy",)}
"""Whose versions count, by backend."""


def environment(backend: Backend) -> dict[str, Any]:
    """Versions, processor, kernels and matrix library, as JSON.

    The number of threads is named for the numpy backend alone: on others it changes no bit.
    """
    blas = matrix_libraries()
    names = ("internal_api", "version", "architecture", "threading_layer")
    threads = {"blas threads": [pool["num_threads"] for pool in blas]}
    return {
        "nnscratch": __version__,
        "nnscratch's source": source_digest(),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in LIBRARIES[backend.kind]},
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "vector instructions": np.show_config(mode="dicts")["SIMD Extensions"]["found"],
        "backend": backend.name,
        "kernels": dict(backend.source),
        **backend.facts,
        "blas": [" ".join(str(pool.get(name)) for name in names) for pool in blas],
        **(threads if backend.name == "numpy" else {}),
    }


def matrix_libraries() -> list[dict[str, Any]]:
    """What NumPy multiplies matrices with: what lies in its own folder, else all that is loaded."""
    import threadpoolctl  # looks through all loaded libraries

    loaded = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
    return [pool for pool in loaded if "numpy" in Path(pool["filepath"]).parent.name] or loaded


@functools.cache
def source_digest() -> str:
    """16 hexadecimal digits that change with any file of nnscratch's code."""
    digest = hashlib.sha256()
    files = [
        Path(folder) / name
        for folder, _, names in os.walk(PACKAGE, followlinks=True)  # kernels may be a link
        for name in names
        if name.endswith((".py", ".cu", ".cuh"))
    ]
    for path in sorted(files):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(PACKAGE)}:{len(content)}:".encode() + content)
    return digest.hexdigest()[:16]


def differences(recorded: Any, found: Any, place: str = "") -> list[str]:
    """Where two JSON values differ, in words: "numpy: recorded '2.3.1', here '2.4.0'"."""
    if isinstance(recorded, Mapping) and isinstance(found, Mapping):
        names = [*recorded, *(name for name in found if name not in recorded)]
        pairs = [(str(name), recorded.get(name), found.get(name)) for name in names]
    elif isinstance(recorded, list) and isinstance(found, list) and len(recorded) == len(found):
        numbers = map(str, range(len(found)))
        pairs = list(zip(numbers, recorded, found, strict=True))
    else:
        same = recorded == found or repr(recorded) == repr(found)  # NaN is like NaN
        return [] if same else [f"{place}: recorded {recorded!r}, here {found!r}"]
    return [
        line
        for name, was, is_now in pairs
        for line in differences(was, is_now, f"{place} > {name}" if place else name)
    ]
