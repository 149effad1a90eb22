from __future__ import annotations

from graphlib import TopologicalSorter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnscratch.core.errors import UnknownNameError
from nnscratch.doctor import CAUSES, Certainty, Finding
from nnscratch.doctor.ranking import EXPLAINS, ranked


def finding(cause: str, certainty: Certainty = Certainty.likely) -> Finding:
    return Finding(cause, (cause,), (), "why", "fix", certainty)


def names(findings: tuple[Finding, ...]) -> list[str]:
    return [one.cause for one in findings]


def test_no_cause_explains_itself_by_a_detour():
    TopologicalSorter(EXPLAINS).prepare()  # raises where there is a circle


@given(st.lists(st.sampled_from(sorted(CAUSES)), unique=True), st.data())
def test_every_finding_is_a_root_or_stands_under_one(causes, data):
    given = [finding(cause, data.draw(st.sampled_from(Certainty))) for cause in causes]
    roots = ranked(given)
    under = {one.cause for root in roots for one in root.consequences}
    assert {*names(roots)} | under == {*causes}
    assert {*names(roots)} & under == set()
    assert len(roots) == len({*names(roots)})


def test_a_root_comes_before_what_follows_from_it():
    (root,) = ranked([finding("dead_relu"), finding("unscaled_input")])
    assert root.cause == "unscaled_input"
    assert names(root.consequences) == ["dead_relu"]


def test_the_consequence_of_a_consequence_stands_under_the_root():
    assert "bad_labels" not in EXPLAINS["loss_formula_bug"]
    chain = [finding("bad_labels"), finding("wrong_loss"), finding("loss_formula_bug")]
    (root,) = ranked(chain)
    assert root.cause == "loss_formula_bug"
    assert names(root.consequences) == ["bad_labels", "wrong_loss"]


def test_nothing_is_explained_by_what_is_less_sure():
    unsure = finding("unscaled_input", Certainty.possible)
    assert names(ranked([unsure, finding("dead_relu")])) == ["dead_relu", "unscaled_input"]


def test_the_surest_come_first_and_equals_keep_their_order():
    given = [finding("unscaled_target"), finding("batchnorm_statistics")]
    assert names(ranked(given)) == ["unscaled_target", "batchnorm_statistics"]
    sure = finding("bad_labels", Certainty.certain)
    assert names(ranked([*given, sure])) == [
        "bad_labels",
        "unscaled_target",
        "batchnorm_statistics",
    ]


def test_a_finding_names_a_known_cause():
    with pytest.raises(UnknownNameError, match="dead_relu"):
        finding("dead_rely")


def test_a_finding_as_json_tells_family_and_certainty():
    (root,) = ranked([finding("dead_relu"), finding("unscaled_input")])
    told = root.to_dict()
    assert (told["family"], told["certainty"]) == ("data", "likely")
    assert told["consequences"][0]["family"] == "gradient flow"
