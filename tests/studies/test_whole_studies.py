"""What every study owes, each as a whole at its small size."""

from __future__ import annotations

import pytest

from nnscratch.studies import registry
from tests.studies.whole import failed, found, spoken

CLAIMS = {
    "zero-init": 8,
    "unit-kernel": 8,
    "frozen-accuracy": 20,
    "predicts-the-mean": 30,
    "siamese": 40,
    "resnet-plateau": 15,
}
DIGITS = {"kernels", "gradients", "distinct-units", "ratios", "path", "ledger"}
FIGURES = {
    "zero-init": DIGITS,
    "unit-kernel": DIGITS,
    "frozen-accuracy": {"activations", "gradients", "losses", "filters"},
    "predicts-the-mean": {"answers", "errors", "ways", "steps"},
    "siamese": {"curves", "thresholds", "histograms", "ledger", "branches"},
    "resnet-plateau": {"accuracies", "divisors"},
}

every_study = pytest.mark.parametrize("name", registry.names())


@every_study
def test_all_claims_hold(name: str) -> None:
    assert failed(found(name)) == []
    assert len(found(name).claims) >= CLAIMS[name]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
@every_study
def test_all_claims_hold_for_other_seeds(name: str, seed: int) -> None:
    assert failed(found(name, seed)) == []


@every_study
def test_answers_in_words(name: str) -> None:
    for text in spoken(found(name)):
        assert text
        assert "nan" not in text
        assert "inf " not in text


@every_study
def test_draws_what_the_question_is_about(name: str) -> None:
    figures = registry.get(name).figures(found(name).results)
    assert {figure.name for figure in figures} == FIGURES[name]
    assert all(figure.draw().startswith(b"\x89PNG") for figure in figures)


@every_study
def test_its_tables_fit_a_terminal(name: str) -> None:
    for table in registry.get(name).tables(found(name).results):
        assert max(map(len, str(table).splitlines())) <= 80
