"""Nested values with arrays in them, as JSON and arrays by name, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnscratch.core.store import host, is_on_device
from nnscratch.kernels.ops import Array
from nnscratch.runs.errors import RunError
from nnscratch.runs.growth import Part
from nnscratch.training.growing import Growing


def pack(value: Any, arrays: dict[str, Array], place: str) -> Any:
    """A value as JSON; each of its arrays goes to `arrays`, under the place where it was.

    Tuples become lists and NumPy's scalars Python's.

    Raises:
        RunError: there is something else in it than numbers, texts, booleans, None, arrays, and
            lists and mappings of them.
    """
    if is_on_device(value):
        value = host(value)
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Part):
        return {"part": value}
    if isinstance(value, Growing):
        return pack(value.rows, arrays, place)
    if isinstance(value, list | tuple):
        return [pack(item, arrays, f"{place}/{number}") for number, item in enumerate(value)]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        entries = {key: pack(item, arrays, f"{place}/{key}") for key, item in value.items()}
        return {"mapping": entries}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and place not in arrays:
        arrays[place] = value
        return {"array": place}
    raise RunError(
        f"{place}: cannot be kept, got {value!r}; expected numbers, texts, booleans, None, arrays, "
        "and lists and mappings of them, each under a name of its own"
    )


def unpack(value: Any, arrays: Mapping[str, Array]) -> Any:
    """What was packed."""
    if isinstance(value, list):
        return [unpack(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return arrays[value["array"]]
    if "part" in value:
        file, rows, shape, dtype, crc32 = value["part"]
        return Part(file, rows, tuple(shape), dtype, crc32)
    return {key: unpack(item, arrays) for key, item in value["mapping"].items()}
