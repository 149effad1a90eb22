"""The name that an error proposes."""

from __future__ import annotations

import pytest

from nnscratch.core.errors import UnknownNameError, look_up


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("acurracy", "accuracy"),
        ("MaxPool2D", "MaxPooling2D"),
        ("maxpooling2", "MaxPooling2D"),
        ("ELU2", "ELU"),
    ],
)
def test_the_nearest_name_is_found_whatever_its_case(name, nearest):
    error = UnknownNameError("name", name, ["accuracy", "ELU", "MaxPooling2D", "ReLU"])
    assert f"did you mean {nearest!r}?" in str(error)


def test_nothing_is_proposed_where_nothing_is_near():
    assert "did you mean" not in str(UnknownNameError("name", "xyz", ["accuracy"]))


def test_where_nothing_is_known_it_says_so():
    with pytest.raises(UnknownNameError, match=r"unknown thing 'a': known: none$"):
        look_up("thing", "a", {})


@pytest.mark.parametrize("name", [None, 5, ["a"], {}])
def test_what_is_no_name_is_unknown(name):
    with pytest.raises(UnknownNameError, match=r"unknown thing .*: known: a$"):
        look_up("thing", name, {"a": 1})
