"""What targets ask for is read from their values."""

from __future__ import annotations

import numpy as np
import pytest

from nnscratch.doctor.neighbours import Neighbours
from nnscratch.doctor.task import Kind, Task, numbered_classes

RNG = np.random.default_rng(0)
ONE_HOT = np.eye(3, dtype=np.float32)[RNG.integers(3, size=30)]
MANY_HOT = RNG.integers(2, size=(30, 3)).astype(np.float32)
YES = np.array([[1], [0], [0], [1], [1]], np.float32)

KINDS = {
    "class numbers": (np.array([0, 2, 1]), Kind.classes),
    "class numbers of pixels": (np.zeros((3, 4, 4), np.int64), Kind.classes),
    "one-hot": (ONE_HOT, Kind.classes),
    "one-hot of -1 and 1": (2 * ONE_HOT - 1, Kind.classes),
    "yes or no": (YES, Kind.binary),
    "yes or no, flat": (YES[:, 0], Kind.binary),
    "yes or no, -1 and 1": (2 * YES - 1, Kind.binary),
    "several labels": (MANY_HOT, Kind.labels),
    "pixels, black or white": (np.round(RNG.random((3, 4, 4, 1))), Kind.labels),
    "smoothed": (0.9 * ONE_HOT + 0.1 / 3, Kind.numbers),
    "class numbers for a squared error": (np.array([[0.0], [2], [1]]), Kind.numbers),
    "-1, 0 and 1": (np.array([[-1.0], [0], [1]]), Kind.numbers),
    "numbers": (RNG.standard_normal((5, 2)), Kind.numbers),
}


@pytest.mark.parametrize(("target", "kind"), KINDS.values(), ids=KINDS)
def test_the_kind_is_read_from_values(target, kind):
    assert Task.of(target).kind is kind


def test_a_score_is_accuracy_or_r2():
    assert Task.of(YES).score(np.array([[0.9], [0.2], [0.6], [0.7], [0.8]])) == 0.8
    assert Task.of(YES).score(np.array([[2.0], [-3], [0.1], [0.2], [4]]), boundary=0) == 0.8
    assert Task.of(2 * YES - 1).score(np.array([[0.1], [-9], [0.2], [0.1], [5]])) == 0.8
    assert Task.of(np.array([0, 1, 1])).score(np.eye(2)[[0, 1, 0]]) == pytest.approx(2 / 3)
    numbers = Task.of(np.array([[1.0], [2], [6]]))
    assert numbers.score(numbers.target) == 1
    assert numbers.score(np.full((3, 1), 3.0)) == 0
    assert np.isnan(numbers.score(np.full((3, 1), np.inf)))


def test_chance_is_the_score_of_the_best_constant():
    assert Task.of(YES).chance == 0.6
    assert Task.of(2 * YES - 1).chance == 0.6
    assert Task.of(np.array([0, 2, 2, 1])).chance == 0.5
    assert Task.of(MANY_HOT[:4]).chance == np.mean(
        np.maximum(MANY_HOT[:4].mean(axis=0), 1 - MANY_HOT[:4].mean(axis=0))
    )
    assert Task.of(RNG.standard_normal((5, 2))).chance == 0


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (np.arange(30) % 3, 3),
        (np.arange(30) % 6 + 1, 6),
        (np.arange(30) % 2, None),
        (np.arange(30) % 7, None),
        (np.arange(30) % 3 + 0.5, None),
    ],
    ids=["three", "six from 1 on", "two", "rare", "no whole numbers"],
)
def test_whole_numbers_that_come_often_are_classes(values, classes):
    assert numbered_classes(values[:, None].astype(float)) == classes


@pytest.mark.parametrize("places", [(), (1,), (3,), (2, 3)], ids=str)
def test_rows_of_several_class_numbers_are_answered_as_the_nearest_ones(places):
    x = np.linspace(0, 1, 60)
    target = np.tile((x > 0.5).astype(int).reshape(60, *(1 for _ in places)), (1, *places))
    near = Neighbours.of([x])
    assert near is not None
    answers = near.answers(target)
    assert answers.shape == (60, *places, 2)
    assert Task.of(target).score(answers) > 0.9
