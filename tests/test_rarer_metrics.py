from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from nnscratch import metrics
from nnscratch.core.arguments import ArgumentError
from nnscratch.core.errors import DataError, ShapeError, UnknownNameError
from nnscratch.metrics import (
    AUC,
    F1Score,
    Metric,
    Precision,
    Recall,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    confusion_matrix,
)
from tests.test_metrics import measure

pytestmark = pytest.mark.host("metrics are called by hand, on NumPy's arrays")

RANKED = np.array([[0.1, 0.4, 0.3, 0.2], [0.4, 0.3, 0.2, 0.1], [0.3, 0.3, 0.3, 0.1]])
COLUMN = np.array([[0.9], [0.8], [0.6], [0.4], [0.2]])
TRUTH = np.array([[1.0], [0], [1], [1], [0]])


# -- k guesses --------------------------------------------------------------------------------


def test_the_class_may_be_any_of_the_k_largest() -> None:
    numbers = np.array([2, 2, 3])
    assert measure(SparseTopKCategoricalAccuracy(1), RANKED, numbers) == 0
    assert measure(SparseTopKCategoricalAccuracy(2), RANKED, numbers) == pytest.approx(1 / 3)
    assert measure(SparseTopKCategoricalAccuracy(3), RANKED, numbers) == pytest.approx(2 / 3)
    assert measure(TopKCategoricalAccuracy(3), RANKED, np.eye(4)[numbers]) == pytest.approx(2 / 3)
    assert measure(SparseTopKCategoricalAccuracy(), RANKED, numbers) == 1


def test_all_that_equal_the_kth_are_among_the_k() -> None:
    assert measure(SparseTopKCategoricalAccuracy(1), RANKED[2:], np.array([2])) == 1


def test_a_nan_is_no_hit() -> None:
    assert measure(SparseTopKCategoricalAccuracy(4), np.full((1, 4), np.nan), np.array([2])) == 0


# -- yes and no -------------------------------------------------------------------------------


def test_precision_and_recall_by_hand() -> None:
    assert measure(Precision(), COLUMN, TRUTH) == 2 / 3
    assert measure(Recall(), COLUMN, TRUTH) == 2 / 3
    assert measure(Precision(0.7), COLUMN, TRUTH) == 1 / 2
    assert measure(Recall(0.3), COLUMN, TRUTH) == 1
    assert measure(Precision(0.9), COLUMN, TRUTH) == 0  # nothing is above
    assert measure(Recall(), COLUMN, 0 * TRUTH) == 0


def test_only_the_largest_of_a_row_count() -> None:
    rows, truth = np.array([[0.9, 0.8, 0.1], [0.2, 0.3, 0.4]]), np.array([[0.0, 1, 0], [0, 1, 1]])
    assert measure(Precision(top_k=1), rows, truth) == 1 / 2
    assert measure(Precision(top_k=2), rows, truth) == 3 / 4
    assert measure(Recall(top_k=1), rows, truth) == 1 / 3
    assert measure(Precision(0.5, top_k=2), rows, truth) == 1 / 2
    ties = np.array([[0.5, 0.5, 0.5]])
    assert measure(Precision(top_k=1), ties, np.array([[1.0, 0, 0]])) == 1


def test_one_class_may_be_asked_for() -> None:
    rows, truth = np.array([[0.9, 0.8], [0.7, 0.3]]), np.array([[1.0, 1], [0, 1]])
    assert measure(Precision(class_id=0), rows, truth) == 1 / 2
    assert measure(Precision(class_id=1), rows, truth) == 1
    assert measure(Recall(class_id=1), rows, truth) == 1 / 2
    with pytest.raises(ShapeError, match=r"class_id is 2, but predictions \(2, 2\) have 2 classes"):
        measure(Precision(class_id=2), rows, truth)


THREE = np.eye(3)[[0, 0, 0, 1, 1, 0]] + 0.1  # said
NUMBERS = np.array([0, 0, 1, 1, 1, 0])  # true: of class 1 one is missed; nothing is class 2


def test_f1_by_hand() -> None:
    first, second = 2 * 3 / (2 * 3 + 1), 2 * 2 / (2 * 2 + 1)
    for truth in (NUMBERS, np.eye(3)[NUMBERS]):
        assert measure(F1Score(), THREE, truth) == pytest.approx((first + second) / 3)
        weighted = measure(F1Score("weighted"), THREE, truth)
        assert weighted == pytest.approx((first + second) / 2)
        assert measure(F1Score("micro"), THREE, truth) == 2 * 5 / (2 * 5 + 1 + 1)


def test_f1_of_a_threshold() -> None:
    assert measure(F1Score(threshold=0.5), COLUMN, TRUTH) == 2 * 2 / (2 * 2 + 1 + 1)
    assert measure(F1Score(threshold=0.95), COLUMN, TRUTH) == 0


def test_f1_of_one_number_has_to_be_told_the_threshold() -> None:
    with pytest.raises(ShapeError, match=r"the largest is always it.*F1Score\(threshold=0.5\)"):
        measure(F1Score(), COLUMN, TRUTH)


def test_rows_of_zeros_say_nothing() -> None:
    assert measure(F1Score("micro"), np.zeros((2, 3)), np.eye(3)[:2]) == 0


# -- ranking ----------------------------------------------------------------------------------


def test_auc_is_the_share_of_pairs_in_order() -> None:
    assert measure(AUC(), COLUMN, TRUTH) == pytest.approx(4 / 6)
    assert measure(AUC(), COLUMN, 1 - TRUTH) == pytest.approx(2 / 6)
    assert measure(AUC(), TRUTH, TRUTH) == 1
    assert measure(AUC(), np.full((4, 1), 0.3), TRUTH[:4]) == 0.5


def test_auc_between_a_few_thresholds_draws_lines() -> None:
    p, truth = np.array([[0.0], [0.5], [0.3], [0.9]]), np.array([[0.0], [0], [1], [1]])
    assert measure(AUC(num_thresholds=3), p, truth) == 0.75  # Keras's own example


def test_precision_against_recall_by_hand() -> None:
    # Above 0.5 one of one is true; then, of three more, one: along the way rest + slope said.
    p, truth = np.array([[0.9], [0.4], [0.3], [0.2]]), np.array([[1.0], [1], [0], [0]])
    slope = 1 / 3
    expected = (1 + slope * (1 + (1 - slope) * math.log(4))) / 2
    assert measure(AUC(3, "PR"), p, truth) == pytest.approx(expected)


def test_auc_of_logits() -> None:
    logits = np.log(COLUMN / (1 - COLUMN))
    assert measure(AUC(from_logits=True), logits, TRUTH) == pytest.approx(4 / 6)


def test_auc_without_both_kinds_is_not_known() -> None:
    assert math.isnan(measure(AUC(), COLUMN, np.ones((5, 1))))
    assert math.isnan(measure(AUC(), COLUMN, np.zeros((5, 1))))


def test_nan_counts_as_0() -> None:
    p = np.array([[np.nan], [0.5]])
    assert measure(AUC(), p, np.array([[0.0], [1]])) == 1
    assert measure(AUC(), p, np.array([[1.0], [0]])) == 0
    assert measure(AUC(), np.array([[-5.0], [7]]), np.array([[0.0], [1]])) == 1


# -- confusion --------------------------------------------------------------------------------


def test_confusion_by_hand() -> None:
    true, said = [0, 0, 1, 2, 2, 2], [0, 1, 1, 2, 2, 0]
    expected = [[1, 1, 0], [0, 1, 0], [1, 0, 2]]
    assert_array_equal(confusion_matrix(true, said), expected)
    assert_array_equal(confusion_matrix(np.eye(3)[true], 0.9 * np.eye(3)[said]), expected)
    assert_array_equal(confusion_matrix(np.array(true, float), said, 4)[:3, :3], expected)
    assert confusion_matrix(true, said, 4).shape == (4, 4)


def test_confusion_of_yes_and_no() -> None:
    assert_array_equal(confusion_matrix(TRUTH, COLUMN), [[1, 1], [1, 2]])
    assert_array_equal(confusion_matrix(TRUTH.astype(int)[:, 0], COLUMN), [[1, 1], [1, 2]])
    assert confusion_matrix([0, 0], [0, 0]).shape == (2, 2)


@pytest.mark.parametrize(
    ("y_true", "y_pred", "error", "message"),
    [
        ([0, 1], [0, 1, 1], ShapeError, "as many predictions as targets, got (3,) for (2,)"),
        ([0, 3], np.eye(3)[:2], DataError, "expected class numbers 0 to 2, got 3"),
        ([0, -1], [0, 1], DataError, "y_true: expected class numbers"),
        ([0, 1], [0.5, 1], DataError, "y_pred: expected class numbers"),
        ([0, 1], [[-3.0], [2.0]], DataError, "y_pred: expected probabilities"),
        (["a", "b"], [0, 1], DataError, "y_true: expected class numbers, got <U1"),
        ([0, np.nan], [0, 1], DataError, "y_true: expected class numbers"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
def test_what_cannot_be_counted(y_true: Any, y_pred: Any, error: Any, message: str) -> None:
    classes = 3 if "0 to 2" in message else None
    with pytest.raises(error) as caught:
        confusion_matrix(y_true, y_pred, classes)
    assert message in str(caught.value)


# -- arguments --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: TopKCategoricalAccuracy(0), ArgumentError, "k: expected a whole number >= 1"),
        (lambda: Precision("0.5"), ArgumentError, "precision thresholds"),
        (lambda: Recall(top_k=0), ArgumentError, "recall top_k"),
        (lambda: Recall(class_id=-1), ArgumentError, "recall class_id"),
        (lambda: F1Score(None), UnknownNameError, "unknown average of f1_score None"),
        (lambda: F1Score(threshold="a"), ArgumentError, "f1_score threshold"),
        (lambda: AUC(1), ArgumentError, "auc num_thresholds"),
        (lambda: AUC(curve="roc"), UnknownNameError, "did you mean 'ROC'"),
        (lambda: AUC(from_logits=1), ArgumentError, "auc from_logits"),
    ],
)
def test_arguments_that_make_no_sense(make: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_each_metric_goes_by_its_own_name() -> None:
    kinds: list[Any] = [Metric]
    for kind in kinds:
        kinds += kind.__subclasses__()
    own = {kind for kind in kinds if kind.__module__.startswith("nnscratch.metrics.")}
    named = {kind for kind in own if isinstance(vars(kind).get("name"), str)}
    assert named - {metrics.ClassAccuracy} == set(metrics.NAMES.values())
    for name in ("precision", "auc", "f1_score", "Recall", "top_k_categorical_accuracy"):
        metric = metrics.get(name, loss=None, output_shape=(3,))
        assert metric.name == name
