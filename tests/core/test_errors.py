"""The name that an error proposes."""

from __future__ import annotations

import pytest

from nnscratch.core.errors import UnknownNameError


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
