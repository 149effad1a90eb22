"""What the doctor names first for the published questions is what their studies found."""

from __future__ import annotations

import pytest

import nnscratch as nn
from nnscratch.studies import examination, registry
from nnscratch.studies.progress import Silent
from nnscratch.studies.study import Setting


def diagnosis(study: str, variant: str | None = None) -> nn.Diagnosis:
    return examination.examine(registry.get(study).variant(variant), Setting(), Silent(), budget=0)


def test_equal_filters_ail_the_first_question_and_not_its_zero_dense_layer() -> None:
    first = diagnosis("zero-init").findings[0]
    assert (first.cause, first.certainty.name) == ("symmetric_units", "certain")
    assert first.where == ("conv_1",)


def test_two_zero_dense_layers_are_told_from_one() -> None:
    first = diagnosis("zero-init", "two zeros, relu").findings[0]
    assert first.cause == "zero_or_constant_init"
    assert diagnosis("zero-init", "zero output").findings == ()


def test_the_frozen_accuracy_is_raw_pixels_and_then_the_clip() -> None:
    first = diagnosis("frozen-accuracy").findings[0]
    assert first.cause == "unscaled_input"
    clip = {found.cause: found for found in first.consequences}["saturated_softmax_clip"]
    assert "20.7" in clip.evidence[0].text  # -ln 1e-9
    assert diagnosis("frozen-accuracy", "pixels, rate").findings == ()


@pytest.mark.slow
def test_the_siamese_answers_rank_the_pairs_beside_the_threshold() -> None:
    first = diagnosis("siamese").findings[0]
    assert first.cause == "answers_beside_threshold"
    assert first.evidence[0].numbers["ranked"] > 0.9


@pytest.mark.slow
def test_what_predicts_the_mean_has_lost_its_gradient_in_its_norms() -> None:
    first = diagnosis("predicts-the-mean").findings[0]
    assert first.cause == "vanishing_gradient"
    assert first.where[0].endswith("_norm")


@pytest.mark.slow
def test_the_plateau_is_the_lag_of_batch_norm() -> None:
    assert diagnosis("resnet-plateau").findings[0].cause == "batchnorm_statistics"
