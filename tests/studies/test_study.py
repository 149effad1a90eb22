from __future__ import annotations

import math

import pytest

from nnscratch.core.errors import UnknownNameError
from nnscratch.studies import registry
from nnscratch.studies.study import Claim


@pytest.mark.parametrize(
    ("measured", "expected", "holds"),
    [
        (0.0, "== 0", True),
        (5e-324, "== 0", False),
        (1.0, "<= 1", True),
        (1.0, "< 1", False),
        (1.0, ">= 1", True),
        (1.0, "> 1", False),
        (1e-10, "<= 1e-9", True),
        (math.nan, "== 0", False),
        (math.nan, "< 1", False),
        (math.nan, ">= 1", False),
        (math.inf, "> 1", True),
    ],
)
def test_a_claim_holds_as_its_relation_says(measured: float, expected: str, holds: bool) -> None:
    assert Claim("sentence", measured, expected).holds is holds


def test_an_unknown_study_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'zero-init'"):
        registry.get("zeroinit")


@pytest.mark.parametrize("name", registry.names())
def test_studies_go_by_their_own_name(name: str) -> None:
    study = registry.get(name)
    assert study.name == name
    names = [variant.name for variant in study.variants]
    assert len(set(names)) == len(names)
