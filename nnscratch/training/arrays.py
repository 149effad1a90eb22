"""Reading the arrays that users give: any array-like of real numbers, refused or cast openly."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from nnscratch.core.errors import DataError, DTypeError
from nnscratch.kernels.ops import Array

HINTS = {
    "O": "give numbers in rows of equal length; of names, np.unique(names, return_inverse=True)[1]",
    "U": "number the names first: np.unique(names, return_inverse=True)[1]",
    "S": "number the names first: np.unique(names, return_inverse=True)[1]",
    "c": "give real and imaginary parts as two channels",
}
"""What to do about arrays of a NumPy kind that is no real number."""
BLOCK = 2**22
"""Bytes of an array that are looked at together."""


def read_array(what: str, given: Any) -> Array:
    """A NumPy array of booleans, integers or floats; the same memory where NumPy can share it.

    Args:
        what: how messages call it.
        given: an array, anything with `__array__` or `__dlpack__`, or nested lists.

    Raises:
        DataError: there is none, NumPy cannot read it, or it hides some values behind a mask.
        DTypeError: it holds something else than real numbers.
    """
    if given is None:
        raise DataError(f"{what}: nothing was given; expected an array")
    if np.ma.is_masked(given):
        raise DataError(
            f"{what}: some values are masked; fill them in, x.filled(value), or drop their rows"
        )
    try:
        if hasattr(given, "__dlpack__") and not hasattr(given, "__array__"):
            array = np.from_dlpack(given)
        else:
            array = np.asarray(given)
    except (TypeError, ValueError, RuntimeError, BufferError) as error:
        raise DataError(f"{what}: cannot be read as a NumPy array: {error}") from error
    if array.dtype.kind not in "biuf":
        hint = HINTS.get(array.dtype.kind, "turn it into numbers first")
        raise DTypeError(f"{what}: expected real numbers, got dtype {array.dtype}; {hint}")
    return array


def check_finite(what: str, array: Array) -> None:
    """Refuse NaN and Inf.

    Raises:
        DataError: names the first such value and its place.
    """
    pieces = list(blocks(array))
    if len(pieces) == 1:
        found = [_broken(pieces[0])]
    else:  # waits for the memory: one thread gets half of what it gives two
        from concurrent.futures import ThreadPoolExecutor  # 5 ms, for large data only

        with ThreadPoolExecutor(os.cpu_count()) as threads:
            found = list(threads.map(_broken, pieces))
    first = next((place for _, place in found if place), "")
    count = sum(number for number, _ in found)
    if first:
        raise DataError(
            f"{what}: {first}; {count} of {array.size} values are "
            "NaN or infinite: clean the data, or let them through with allow_nonfinite=True"
        )


def _broken(piece: tuple[int, Array]) -> tuple[int, str]:
    """How many values of a piece are NaN or infinite, and the first of them in words."""
    start, block = piece
    if block.dtype.kind == "f" and block.dtype.itemsize >= 4 and _has_finite_square(block):
        return 0, ""
    broken = ~np.isfinite(block)
    if not broken.any():
        return 0, ""
    value, place = _first(block, broken, start)
    return int(np.count_nonzero(broken)), f"{value} at {place}"


def _has_finite_square(block: Array) -> bool:
    """Whether the sum of squares is finite, and so all values: half the time of looking at each.

    The sum may be infinite though no value is.
    """
    return bool(np.isfinite(np.vdot(block, block)))


def cast(what: str, array: Array, dtype: Any, start: int = 0) -> Array:
    """The array in a floating dtype, the same object where it is in it already.

    Messages count rows from `start`.

    Raises:
        DataError: a finite value is too large for the dtype.
    """
    if array.dtype == dtype:
        return array
    with np.errstate(over="ignore"):  # found below, and named
        result = array.astype(dtype)
    overflowed = np.isinf(result) & np.isfinite(array)
    if overflowed.any():
        value, place = _first(array, overflowed, start)
        raise DataError(
            f"{what}: {value} at {place} is too large for {np.dtype(dtype)}; scale the data, or "
            "make the model with dtype='float64'"
        )
    return result


def _first(array: Array, chosen: Array, start: int = 0) -> tuple[Any, str]:
    """The first of the chosen values, and its place in words; the array begins at row `start`."""
    index = tuple(int(i) for i in np.unravel_index(chosen.argmax(), chosen.shape))
    row, *rest = index
    row += start
    if not rest:
        place = f"row {row}"
    elif len(rest) == 1:
        place = f"row {row}, column {rest[0]}"
    else:
        place = f"row {row}, position {tuple(rest)}"
    return array[index], place


def blocks(array: Any) -> Iterator[tuple[int, Array]]:
    """An array piece by piece, rows of about BLOCK bytes, each with the number of its first row."""
    if array.ndim == 0 or array.size == 0:
        yield 0, np.asarray(array)
        return
    rows = max(1, BLOCK * len(array) // (array.size * array.dtype.itemsize))
    for start in range(0, len(array), rows):
        yield start, array[start : start + rows]


# -- memory-mapped arrays -------------------------------------------------------------------------


class Mapped:
    """A memory-mapped array in another dtype: rows are read and cast when they are asked for.

    As an array, it is read whole.
    """

    def __init__(self, array: Array, dtype: Any):
        self._array = array
        self.dtype = np.dtype(dtype)
        self.shape, self.ndim, self.size = array.shape, array.ndim, array.size

    def __len__(self) -> int:
        return len(self._array)

    def __getitem__(self, chosen: Any) -> Array:
        rows: Array = self._array[chosen].astype(self.dtype)
        return rows

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return self._array.astype(dtype or self.dtype)

    def min(self) -> Any:
        """The least number."""
        return self.dtype.type(min(block.min() for _, block in blocks(self._array)))

    def max(self) -> Any:
        """The largest number."""
        return self.dtype.type(max(block.max() for _, block in blocks(self._array)))


def on_disk(given: Any) -> bool:
    """Whether an array is memory-mapped: np.load(file, mmap_mode="r"), np.memmap(...)."""
    return isinstance(given, np.memmap)


def mapped(what: str, array: Array, dtype: Any) -> Any:
    """A memory-mapped array as `cast` makes it, without reading more than a block at a time.

    Raises:
        DataError: a finite value is too large for the dtype.
    """
    if array.dtype == dtype:
        return array
    if array.dtype.kind == "f":
        for start, block in blocks(array):
            cast(what, block, dtype, start)
    return Mapped(array, dtype)
