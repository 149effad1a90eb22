"""The two studies of question 001 as wholes, at their small size."""

from __future__ import annotations

import pytest

from tests.studies.whole import checked, found


@pytest.mark.parametrize(
    ("name", "broken", "by", "claim"),
    [
        ("zero-init", "asker", "random dense", "In step 0 a zero dense layer"),
        ("zero-init", "asker", "random dense", "On the way to them its factor is"),
        ("zero-init", "two zeros, relu", "no zeros", "With ReLU all gradients but"),
        ("zero-init", "two zeros, relu", "no zeros", "With ReLU the way of the gradient ends"),
        ("zero-init", "two zeros, sigmoid", "no zeros", "The 32 units between"),
        ("zero-init", "zero output", "two zeros, relu", "Zeros in the last layer alone do"),
        ("unit-kernel", "equal readers", "random readers", "In front of a zero dense layer"),
        ("unit-kernel", "random readers", "a little noise", "The convolution in front of that"),
        ("unit-kernel", "a little noise", "random readers", "A little noise at the start"),
        ("unit-kernel", "dirac, relu", "random, relu", "These 8 filters are 2"),
        ("unit-kernel", "dirac, relu", "random, relu", "Its convolutions earn less of the fall"),
        ("unit-kernel", "unit, sigmoid", "random, sigmoid", "No other call on the way to"),
        ("unit-kernel", "unit, sigmoid", "random, sigmoid", "So both convolutions earn nothing"),
    ],
)
def test_a_claim_fails_for_a_system_that_it_is_not_true_of(
    name: str, broken: str, by: str, claim: str
) -> None:
    results = dict(found(name).results)
    ledger = {"ledger": results[broken].get("ledger")}
    results[broken] = {**ledger, **results[by]}
    assert not checked(name, results, claim).holds
