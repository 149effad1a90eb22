from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.doctor import Certainty
from tests.doctor.nets import SPARSE, Program, causes

RNG = np.random.default_rng(0)
CLASS = RNG.integers(0, 3, 300)
MEANS = RNG.standard_normal((3, 6))
WIDE = np.concatenate(
    [MEANS[CLASS] + 0.5 * RNG.standard_normal((300, 6)), RNG.standard_normal((300, 14))], axis=1
).astype(np.float32)
"""(300, 20): six columns know their class, the others nothing."""
EASY = np.eye(20, dtype=np.float32)[CLASS] + WIDE / 20
"""(300, 20): a few rows are like all others of their class."""
OTHERS = slice(200, 300)


def diagnosis(rows: int, x: np.ndarray = WIDE, y: np.ndarray = CLASS) -> nn.Diagnosis:
    """Of a network that is trained on the first rows, and validated on others."""
    doctor = nn.Doctor()
    layers = (nn.Dense(24, "relu"), nn.Dense(3, "softmax"))
    model = Program(layers, SPARSE(), y, x).model()
    model.fit(
        x[:rows],
        y[:rows],
        epochs=60,
        batch_size=8,
        validation_data=(x[OTHERS], y[OTHERS]),
        callbacks=[doctor],
        verbose=0,
    )
    return doctor.diagnosis


@pytest.mark.parametrize("rows", [1, 2])
def test_one_row_or_two_are_too_few_for_anything(rows):
    found = diagnosis(rows)
    assert causes(found) == ["too_few_rows"]
    assert found.findings[0].certainty is Certainty.certain


def test_rows_that_any_labels_would_fit_are_too_few_where_others_know_more():
    found = diagnosis(8)
    assert causes(found) == ["too_few_rows"]
    assert found.findings[0].evidence[0].numbers["columns"] == 20


def test_as_few_rows_that_say_what_there_is_to_say_are_enough():
    assert causes(diagnosis(8, EASY)) == []


def test_more_rows_than_any_labels_would_fit_are_enough():
    assert causes(diagnosis(200)) == []


def test_validation_rows_that_know_nothing_do_not_ask_for_more():
    assert "too_few_rows" not in causes(diagnosis(8, y=RNG.permutation(CLASS)))
