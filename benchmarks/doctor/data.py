"""The arrays of a program. The folder's own `data.py` makes them: it is code, and it is run."""

from __future__ import annotations

import functools
import importlib.util
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

from benchmarks.doctor.program import Program, Which
from benchmarks.report import BenchmarkError
from nnscratch.kernels.ops import Array

Inputs: TypeAlias = Array | list[Array]


@dataclass(frozen=True)
class Rows:
    """Inputs, several for a model that reads several, and targets, row by row."""

    x: Inputs
    y: Array

    def __len__(self) -> int:
        return len(self.y)

    def take(self, rows: slice) -> Rows:
        """Some of the rows."""
        x = [part[rows] for part in self.x] if isinstance(self.x, list) else self.x[rows]
        return Rows(x, self.y[rows])


@dataclass(frozen=True)
class Data:
    """The rows to train on, and those to validate on."""

    train: Rows
    validation: Rows | None

    def map(self, change: Callable[[Rows], Rows]) -> Data:
        """Both, changed in the same way."""
        held_out = self.validation
        return Data(change(self.train), None if held_out is None else change(held_out))

    def part(self, on: str) -> Rows:
        """The rows that "train" or "val" means.

        Raises:
            BenchmarkError: there are none to validate on.
        """
        if on == "train":
            return self.train
        if self.validation is None:
            raise BenchmarkError('expected rows to validate on, as expect.on is "val", got none')
        return self.validation


def data_of(folder: Path, program: Program, which: Which) -> Data:
    """What a twin is trained on.

    Rows for validation are the data set's own, or the last share of the rows, as Keras cuts them.

    Raises:
        BenchmarkError: the folder has no data.py with a `load`.
        Exception: whatever that code raises.
    """
    twin = program.twin(which)
    made: Mapping[str, Any] = code(folder.resolve()).load(dict(twin.data))
    rows = Rows(made["x"], np.asarray(made["y"]))
    if "x_val" in made:
        return Data(rows, Rows(made["x_val"], np.asarray(made["y_val"])))
    if not twin.validation_split:
        return Data(rows, None)
    first = math.floor(len(rows) * (1 - twin.validation_split))
    return Data(rows.take(slice(first)), rows.take(slice(first, None)))


@functools.cache
def code(folder: Path) -> ModuleType:
    """The folder's data.py, run once. No other module has its name."""
    file = folder / "data.py"
    spec = importlib.util.spec_from_file_location(f"{__name__}.of[{folder}]", file)
    if not file.is_file() or spec is None or spec.loader is None:
        raise BenchmarkError(f"{file}: expected the code that makes the data, but there is none")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # it is somebody's code
        raise BenchmarkError(f"{file}: {type(error).__name__}: {error}") from error
    if not callable(getattr(module, "load", None)):
        raise BenchmarkError(f"{file}: expected a function load(spec), but there is none")
    return module
