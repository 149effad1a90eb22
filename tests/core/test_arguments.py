from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from nnscratch.core.arguments import (
    ArgumentError,
    flag,
    instance,
    is_whole,
    number,
    positive,
    whole,
)


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_whole_numbers_are_pythons_and_numpys(value) -> None:
    for read in (whole("n", value), whole("n", value, 3), positive("n", value)):
        assert read == 3
        assert type(read) is int


@pytest.mark.parametrize("value", [True, np.True_, 3.0, np.float32(3), "3", None, np.array([3])])
def test_what_is_no_whole_number_is_refused(value) -> None:
    assert not is_whole(value)
    with pytest.raises(ArgumentError, match="n: expected a whole number, got"):
        whole("n", value)


def test_a_bound_is_named() -> None:
    assert not is_whole(1, 2)
    with pytest.raises(ArgumentError, match="n: expected a whole number >= 2, got 1"):
        whole("n", 1, 2)
    with pytest.raises(ArgumentError, match="n: expected a whole number >= 1, got 0"):
        positive("n", 0)


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), Fraction(1, 2)])
def test_numbers_of_all_kinds_become_floats(value) -> None:
    assert type(number("x", value, above=0, high=0.5)) is float


@pytest.mark.parametrize("value", [True, math.nan, math.inf, "0.5", None, 0, 1.5, 1j])
def test_numbers_out_of_their_range_are_refused(value) -> None:
    with pytest.raises(ArgumentError, match="x: expected a finite number > 0 and <= 1, got"):
        number("x", value, above=0, high=1)


def test_flags_are_no_numbers() -> None:
    assert flag("f", False) is False
    with pytest.raises(ArgumentError, match="f: expected True or False, got 1"):
        flag("f", 1)


def test_objects_are_of_their_kind_and_long_ones_are_named_by_it() -> None:
    assert instance("f x", "text", str, "a text") == "text"
    with pytest.raises(ArgumentError, match=r"^f x: expected a text; got None$"):
        instance("f x", None, str, "a text")
    with pytest.raises(ArgumentError, match="got an object of type ndarray"):
        instance("f x", np.ones((9, 9)), str, "a text")
