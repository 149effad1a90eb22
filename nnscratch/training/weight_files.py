"""Weights in files: safetensors, replaced whole, and refused whole when anything is wrong.

Such a file is the length of a JSON header, the header, and the raw arrays; nothing in it can run
code. Source: the format's description in the README of the safetensors project.
"""

from __future__ import annotations

import difflib
import json
import os
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from nnscratch.core.errors import NNError
from nnscratch.core.layer import Shape
from nnscratch.kernels.ops import Array
from nnscratch.training.atomic import replacing

Path = str | os.PathLike[str]

ENTRY = "nnscratch"
"""The one entry of the header's text metadata, JSON: several would be written in random order,
and equal weights should make equal files."""
DTYPES = {
    "BOOL": "bool",
    **{f"F{bits}": f"float{bits}" for bits in (16, 32, 64)},
    **{f"I{bits}": f"int{bits}" for bits in (8, 16, 32, 64)},
    **{f"U{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)},
}
"""NumPy's names of the format's dtypes."""


class WeightFileError(NNError, ValueError):
    """A file that does not hold the weights that were to be read from it."""


def save(path: Path, arrays: Mapping[str, Array], metadata: Mapping[str, str]) -> None:
    """Write arrays by name, with a checksum each, and some text.

    What was at the path stays until the new file is complete, and for good if it cannot be.

    Raises:
        OSError: the file cannot be written.
    """
    from safetensors.numpy import save as serialize

    # The library writes memory as it lies: a transposed view would come back scrambled.
    laid_out = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    checksums = {name: zlib.crc32(array.data) for name, array in laid_out.items()}
    about = json.dumps({"metadata": dict(metadata), "crc32": checksums}, sort_keys=True)
    content = serialize(laid_out, {ENTRY: about})
    with replacing(path) as file:
        file.write(content)


def load(path: Path, expected: Mapping[str, tuple[Shape, Any]]) -> dict[str, Array]:
    """Read exactly the expected arrays, given by name with shape and dtype.

    Files that other programs wrote have no checksums; theirs are not checked.

    Raises:
        WeightFileError: the file is damaged, or it holds other arrays; names each of them.
        OSError: the file cannot be read.
    """
    with _opened(path) as file:
        problems = _compare(file, expected)
        if problems:
            raise WeightFileError("\n  ".join([f"{path}: not the expected weights:", *problems]))
        checked, checksums = ENTRY in (file.metadata() or {}), _about(path, file)["crc32"]
        arrays = {name: np.asarray(file.get_tensor(name)) for name in expected}
    for name, array in arrays.items():
        if checked and checksums.get(name) != zlib.crc32(array.data):
            raise WeightFileError(f"{path}: {name} is damaged, its checksum is wrong")
    return arrays


def load_metadata(path: Path) -> dict[str, str]:
    """The text that was saved with the arrays; empty in a file that another program wrote.

    Raises:
        WeightFileError: the file is damaged.
        OSError: the file cannot be read.
    """
    with _opened(path) as file:
        return _about(path, file)["metadata"]


def _opened(path: Path) -> Any:
    """The library's reader, which has checked that header and length agree."""
    from safetensors import SafetensorError, safe_open

    if os.path.isdir(path):
        raise WeightFileError(f"{path}: expected a safetensors file, this is a folder")
    with open(path, "rb"):  # the library calls missing whatever it cannot open
        pass
    try:
        return safe_open(path, framework="numpy")
    except SafetensorError as error:
        raise WeightFileError(
            f"{path}: damaged, cut off, or no safetensors file: {error}"
        ) from error


def _about(path: Path, file: Any) -> dict[str, dict[str, Any]]:
    """What `save` wrote about the arrays."""
    text = (file.metadata() or {}).get(ENTRY, '{"metadata": {}, "crc32": {}}')
    try:
        about = json.loads(text)
        return {name: dict(about[name]) for name in ("metadata", "crc32")}
    except (LookupError, TypeError, ValueError) as error:
        raise WeightFileError(f"{path}: its header is damaged: {error!r}") from error


def _compare(file: Any, expected: Mapping[str, tuple[Shape, Any]]) -> list[str]:
    """How a file's arrays differ from the expected ones, in words."""
    names = set(file.keys())
    problems = []
    for name, (shape, dtype) in expected.items():
        if name not in names:
            problems.append(f"{name} is missing{_nearest(name, names - expected.keys())}")
            continue
        stored = file.get_slice(name)
        found = DTYPES.get(stored.get_dtype(), stored.get_dtype())
        if tuple(stored.get_shape()) != tuple(shape):
            problems.append(f"{name}: expected {tuple(shape)}, got {tuple(stored.get_shape())}")
        elif found != np.dtype(dtype).name:
            problems.append(f"{name}: expected {np.dtype(dtype).name}, got {found}")
    for name in sorted(names - expected.keys()):
        problems.append(f"{name} is unexpected{_nearest(name, expected)}")
    return problems


def _nearest(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, sorted(names), n=1, cutoff=0.5)
    return f" (nearest: {close[0]})" if close else ""
