from __future__ import annotations

import numpy as np
import pytest

from nnscratch.core.errors import DataError, DTypeError
from nnscratch.training import arrays
from nnscratch.training.arrays import cast, check_finite, read_array


class OnlyDLPack:
    """An array of another library that speaks nothing but DLPack."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class OnDevice:
    """An array that refuses to leave its device, as CuPy's do."""

    shape = (1, 2)

    def __array__(self, dtype=None, copy=None):
        raise TypeError("implicit conversion is not allowed, use .get()")


@pytest.mark.parametrize(
    "given",
    [
        np.ones((3, 2)),
        [[1, 1], [1, 1], [1, 1]],
        [np.ones(2), np.ones(2), np.ones(2)],
        OnlyDLPack(np.ones((3, 2))),
        np.ma.array(np.ones((3, 2)), mask=np.zeros((3, 2), bool)),
    ],
    ids=["array", "lists", "rows", "dlpack", "unmasked"],
)
def test_array_likes(given):
    assert np.array_equal(read_array("x", given), np.ones((3, 2)))


def test_memory_is_shared_where_possible():
    array = np.ones((3, 2), np.int16)
    assert read_array("x", array) is array
    assert np.shares_memory(read_array("x", OnlyDLPack(array)), array)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.array([["a", "b"]]), "number the names first"),
        (np.array([[b"a", b"b"]]), "number the names first"),
        (np.array([[1j, 2]]), "two channels"),
        (np.array([[None, 2]]), "dtype object"),
        (np.array([["2024-01-01"]], "datetime64[D]"), "datetime64"),
    ],
)
def test_only_real_numbers(given, words):
    with pytest.raises(DTypeError, match=f"x: .*{words}"):
        read_array("x", given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([[1, 2], [3]], "inhomogeneous"),
        (OnDevice(), r"use \.get\(\)"),
        (np.ma.array([[1.0, 2.0]], mask=[[False, True]]), "masked"),
    ],
)
def test_unreadable(given, words):
    with pytest.raises(DataError, match=f"x: .*{words}"):
        read_array("x", given)


@pytest.mark.parametrize(
    ("shape", "index", "place"),
    [
        ((5,), (2,), "row 2"),
        ((5, 4), (2, 3), "row 2, column 3"),
        ((5, 2, 3, 1), (1, 0, 2, 0), r"row 1, position \(0, 2, 0\)"),
    ],
)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("block", [arrays.BLOCK, 8])  # bytes: all rows at once, or one by one
def test_the_first_nonfinite_value_is_named(shape, index, place, value, block, monkeypatch):
    monkeypatch.setattr(arrays, "BLOCK", block)
    array = np.zeros(shape, np.float32)
    check_finite("x", array)
    array[index] = array[-1] = value
    count = 1 + array[-1].size
    with pytest.raises(DataError, match=f"x: {value} at {place}; {count} of {array.size} values"):
        check_finite("x", array)


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_whose_squares_are_too_large_are_finite(dtype, value):
    array = np.full((3, 4), np.finfo(dtype).max if np.dtype(dtype).kind == "f" else 255, dtype)
    check_finite("x", array)
    if array.dtype.kind == "f":
        array[1, 2] = value
        with pytest.raises(DataError, match=f"x: {value} at row 1, column 2; 1 of 12 values"):
            check_finite("x", array)


def test_cast_leaves_alone_what_fits():
    array = np.ones(3, np.float32)
    assert cast("x", array, np.float32) is array


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float16, np.float64, np.longdouble])
def test_cast(dtype):
    result = cast("x", np.array([0, 1], dtype), np.float32)
    assert result.dtype == np.float32
    assert result.tolist() == [0, 1]


def test_cast_refuses_overflow_but_not_infinity():
    with pytest.raises(DataError, match=r"x: -1e\+39 at row 1 is too large for float32"):
        cast("x", np.array([np.inf, -1e39]), np.float32)
    assert cast("x", np.array([np.inf, np.nan]), np.float32)[0] == np.inf
