"""What only grows in the states of callbacks: every row is kept once, for all checkpoints.

Each such array has a file, to whose end its new rows are added. A checkpoint names the rows that
were there when it was taken, and their checksum. What stands behind them was written by a training
that broke off: it is cut off by the one that goes on.
"""

from __future__ import annotations

import math
import os
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nnscratch.core.layer import Shape
from nnscratch.kernels.ops import Array
from nnscratch.runs.callback_states import State
from nnscratch.runs.errors import RunError
from nnscratch.runs.folder import reading
from nnscratch.training.atomic import sync_folder
from nnscratch.training.growing import Growing

FOLDER = "growing"
FILE = re.compile(r"(\d{3,})\.rows")
KINDS = "biuf"
"""Of NumPy's dtypes, those whose bytes are numbers."""
WITHOUT = (
    "put a copy of it in its place; without it the callbacks cannot know what they knew, but "
    "run.step serves, and run.fork without them"
)
"""The way on without a file of rows."""


class Part(NamedTuple):
    """The first rows of a file. None is needed where there is no byte."""

    file: str
    rows: int
    shape: Shape
    """Of a row."""
    dtype: str
    crc32: int = 0

    @property
    def size(self) -> int:
        """Of the rows, in bytes."""
        return self.rows * math.prod(self.shape) * np.dtype(self.dtype).itemsize

    def begins(self, rows: Array) -> bool:
        """Whether these can be the first ones of some rows."""
        alike = self.shape == rows.shape[1:] and self.dtype == rows.dtype.str
        return alike and 0 < self.size <= rows.nbytes


class Growth:
    """The files of a run in which what grows is kept.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: Path):
        self.folder = folder / FOLDER
        self._parts: dict[str, Part] = {}
        """By the array's place in the states, what is kept of it."""

    def keep(self, states: Iterable[State]) -> list[State]:
        """Add what is new in some states; these with parts of files in place of what grows.

        Raises:
            OSError: it cannot be written; what was kept before stays.
        """
        return replaced(states, Growing, self._add)

    def resume(self, states: Iterable[State]) -> list[State]:
        """The states of a checkpoint with their arrays, which grow on from there.

        Raises:
            RunError: one is not what it was when the checkpoint was taken.
        """
        return replaced(states, Part, self._take)

    def _add(self, place: str, growing: Growing) -> Part | Array:
        rows = growing.rows
        if rows.dtype.kind not in KINDS:
            return rows  # is refused like any such array
        part = self._parts.get(place)
        if part is None or not part.begins(rows):
            part = Part(self._new_file() if rows.nbytes else "", 0, rows.shape[1:], rows.dtype.str)
        new = np.ascontiguousarray(rows[part.rows :])
        if new.nbytes:
            with (self.folder / part.file).open("ab") as file:
                file.truncate(part.size)
                file.write(new.data)
                file.flush()
                os.fsync(file.fileno())
        part = part._replace(rows=len(rows), crc32=zlib.crc32(new.data, part.crc32))
        self._parts[place] = part
        return part

    def _new_file(self) -> str:
        self.folder.mkdir(exist_ok=True)
        found = (FILE.fullmatch(path.name) for path in self.folder.iterdir())
        name = f"{max((int(match[1]) for match in found if match), default=0) + 1:03}.rows"
        (self.folder / name).touch()
        sync_folder(self.folder)
        return name

    def _take(self, place: str, part: Part) -> Array:
        self._parts[place] = part
        return self._read(part)

    def _read(self, part: Part) -> Array:
        path = self.folder / part.file
        if np.dtype(part.dtype).kind not in KINDS or (part.size and not FILE.fullmatch(part.file)):
            raise RunError(f"{self.folder}: {part} is nothing that a run keeps; {WITHOUT}")
        if part.size == 0:
            return np.empty((part.rows, *part.shape), part.dtype)
        with reading(path, WITHOUT):
            there = path.stat().st_size
            if there < part.size:
                raise RunError(
                    f"{path}: was cut off; expected {part.size} bytes, got {there}; {WITHOUT}"
                )
            array = np.fromfile(path, part.dtype, part.size // np.dtype(part.dtype).itemsize)
        if zlib.crc32(array.data) != part.crc32:
            raise RunError(
                f"{path}: is damaged: its checksum is not that of the checkpoint; {WITHOUT}"
            )
        return array.reshape(part.rows, *part.shape)  # (rows, ...)


def replaced(
    states: Iterable[State], kind: type[Any], by: Callable[[str, Any], Any]
) -> list[State]:
    """States in which everything of a kind is replaced, each knowing its place."""

    def walk(value: Any, place: str) -> Any:
        if isinstance(value, kind):
            return by(place, value)
        if isinstance(value, Mapping):
            return {name: walk(item, f"{place}/{name}") for name, item in value.items()}
        if isinstance(value, list):
            return [walk(item, f"{place}/{number}") for number, item in enumerate(value)]
        return value

    return [(name, walk(state, f"{number} {name}")) for number, (name, state) in enumerate(states)]
