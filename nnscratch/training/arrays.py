"""Reading the arrays that users give: any array-like of real numbers, refused or cast openly."""

from __future__ import annotations

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
    broken = ~np.isfinite(array)
    if broken.any():
        value, place = _first(array, broken)
        raise DataError(
            f"{what}: {value} at {place}; {np.count_nonzero(broken)} of {array.size} values are "
            "NaN or infinite: clean the data, or let them through with allow_nonfinite=True"
        )


def cast(what: str, array: Array, dtype: Any) -> Array:
    """The array in a floating dtype, the same object where it is in it already.

    Raises:
        DataError: a finite value is too large for the dtype.
    """
    if array.dtype == dtype:
        return array
    with np.errstate(over="ignore"):  # found below, and named
        result = array.astype(dtype)
    overflowed = np.isinf(result) & np.isfinite(array)
    if overflowed.any():
        value, place = _first(array, overflowed)
        raise DataError(
            f"{what}: {value} at {place} is too large for {np.dtype(dtype)}; scale the data, or "
            "make the model with dtype='float64'"
        )
    return result


def _first(array: Array, chosen: Array) -> tuple[Any, str]:
    """The first of the chosen values, and its place in words."""
    index = tuple(int(i) for i in np.unravel_index(chosen.argmax(), chosen.shape))
    row, *rest = index
    if not rest:
        place = f"row {row}"
    elif len(rest) == 1:
        place = f"row {row}, column {rest[0]}"
    else:
        place = f"row {row}, position {tuple(rest)}"
    return array[index], place
