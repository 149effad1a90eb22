from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from nnscratch import losses, metrics
from nnscratch.backend import get_backend
from nnscratch.core.context import Context
from nnscratch.core.errors import ShapeError, UnknownNameError
from nnscratch.losses import CustomLoss
from nnscratch.metrics import (
    AUC,
    BinaryAccuracy,
    CategoricalAccuracy,
    ClassAccuracy,
    F1Score,
    MeanAbsoluteError,
    MeanSquaredError,
    Precision,
    R2Score,
    Recall,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from tests.backends import BACKEND

pytestmark = pytest.mark.host("metrics are called by hand, on NumPy's arrays")

CTX = Context(get_backend(BACKEND))
EVERY_METRIC = [
    BinaryAccuracy(),
    CategoricalAccuracy(),
    SparseCategoricalAccuracy(),
    ClassAccuracy(),
    MeanSquaredError(),
    MeanAbsoluteError(),
    R2Score(),
    TopKCategoricalAccuracy(2),
    SparseTopKCategoricalAccuracy(2),
    Precision(),
    Recall(),
    F1Score(),
    F1Score("weighted", threshold=0.3),
    AUC(),
    AUC(curve="PR"),
]


def measure(metric, y_pred, y_true, sample_weight=None, cuts=()):
    """The result over a batch, or over the parts that it is cut into."""
    state = metric.init(CTX)
    for start, end in zip((0, *cuts), (*cuts, len(y_pred)), strict=True):
        rows = slice(start, end)
        weights = None if sample_weight is None else sample_weight[rows]
        state = metric.update(CTX, state, y_pred[rows], y_true[rows], weights)
    return metric.result(state)


def example(metric, shape=(6, 3), seed=0):
    rng = np.random.default_rng(seed)
    y_pred = rng.uniform(0, 1, shape).astype("float32")
    if metric.name.startswith("sparse"):
        return y_pred, rng.integers(0, shape[-1], shape[:-1])
    return y_pred, rng.integers(0, 2, shape).astype("float32")


# -- arithmetic -------------------------------------------------------------------------------


def test_binary_accuracy_counts_numbers_above_the_threshold():
    y_pred = np.array([[0.98], [0.5], [0.0], [0.6]])
    assert measure(BinaryAccuracy(), y_pred, np.array([[1.0], [1], [0], [0]])) == 0.5
    assert measure(BinaryAccuracy(), y_pred, np.array([[1.0], [0], [0], [1]])) == 1


def test_binary_accuracy_of_logits_keeps_its_threshold_unless_told():
    logits, y_true = np.array([[0.3], [-0.3]]), np.array([[1.0], [0.0]])
    assert measure(BinaryAccuracy(), logits, y_true) == 0.5
    assert measure(BinaryAccuracy(threshold=0.0), logits, y_true) == 1


def test_categorical_accuracy_compares_the_largest():
    y_true = np.array([[0.0, 0, 1], [0, 1, 0]])
    assert measure(CategoricalAccuracy(), np.array([[0.1, 0.9, 0.8], [0.05, 0.95, 0]]), y_true) == (
        0.5
    )


def test_the_first_of_equal_predictions_wins():
    tie = np.full((3, 4), 0.25)
    assert_allclose(measure(SparseCategoricalAccuracy(), tie, np.array([0, 1, 2])), 1 / 3)
    assert_allclose(measure(CategoricalAccuracy(), tie, np.eye(4)[:3]), 1 / 3)


def test_accuracy_of_maps_counts_every_place():
    y_pred = np.zeros((2, 2, 2, 3))
    y_pred[..., 1] = 1
    labels = np.array([[[1, 1], [1, 0]], [[2, 1], [1, 1]]])
    assert measure(SparseCategoricalAccuracy(), y_pred, labels) == 6 / 8


def test_errors_are_means_over_all_numbers():
    y_pred, y_true = np.array([[1.0, 2], [3, 4]]), np.array([[0.0, 2], [1, 7]])
    assert measure(MeanSquaredError(), y_pred, y_true) == 14 / 4
    assert measure(MeanAbsoluteError(), y_pred, y_true) == 6 / 4


def test_r2_by_hand():
    y_pred, y_true = np.array([[2.0], [4], [4]]), np.array([[1.0], [4], [3]])
    mean = 8 / 3
    total = (1 - mean) ** 2 + (4 - mean) ** 2 + (3 - mean) ** 2
    assert_allclose(measure(R2Score(), y_pred, y_true), 1 - 2 / total)
    assert_allclose(measure(R2Score(), y_pred, y_true), 4 / 7)  # Keras's own example


def test_r2_is_1_for_the_truth_and_0_for_the_mean_of_each_output():
    y = np.array([[1.0, 10.0], [2.0, 30.0], [6.0, 20.0]])
    assert measure(R2Score(), y, y) == 1
    assert measure(R2Score(), np.tile(y.mean(axis=0), (3, 1)), y) == pytest.approx(0, abs=1e-12)
    half = np.column_stack([y[:, 0], np.full(3, 20.0)])
    assert measure(R2Score(), half, y) == pytest.approx(0.5)


def test_r2_of_equal_targets_is_0_and_nan_where_there_is_nothing_to_explain():
    equal = np.full((7, 1), 0.1)
    assert measure(R2Score(), equal + 1, equal) == 0
    assert math.isnan(measure(R2Score(), equal, equal))


def test_r2_sees_a_small_variation_around_a_large_mean():
    y_true = (1000 + np.arange(8)[:, None] / 8).astype("float32")  # exact
    assert_allclose(measure(R2Score(), y_true + np.float32(0.125), y_true), 1 - 8 / 42, rtol=1e-6)


def test_many_small_batches_lose_no_digits():
    rows = np.full((20_000, 1), 0.1, "float32")
    result = measure(MeanSquaredError(), rows, np.zeros_like(rows), cuts=range(1, 2_000))
    assert_allclose(result, float(np.float32(0.1) ** 2), rtol=1e-12)


# -- weights ----------------------------------------------------------------------------------


def test_weights_divide_what_they_multiply():
    y_pred, y_true = np.array([[1.0], [0.0], [0.0], [1.0]]), np.array([[1.0], [1], [0], [0]])
    weights = np.array([1.0, 0.0, 0.0, 3.0])
    assert measure(BinaryAccuracy(), y_pred, y_true, weights) == 0.25


@pytest.mark.parametrize("metric", EVERY_METRIC, ids=lambda m: m.name)
@pytest.mark.parametrize("shape", [(6, 3), (6, 2, 3)], ids=str)
def test_a_weight_of_2_counts_a_row_twice_and_0_never(metric, shape):
    y_pred, y_true = example(metric, shape)
    weights = np.array([2, 0, 1, 1, 0, 2], "float32")
    repeated = np.repeat(np.arange(6), weights.astype(int))
    expected = measure(metric, y_pred[repeated], y_true[repeated])
    assert_allclose(measure(metric, y_pred, y_true, weights), expected, rtol=1e-12)


@pytest.mark.parametrize("metric", EVERY_METRIC, ids=lambda m: m.name)
def test_without_rows_there_is_no_result(metric):
    assert math.isnan(metric.result(metric.init(CTX)))
    y_pred, y_true = example(metric)
    assert math.isnan(measure(metric, y_pred, y_true, np.zeros(6, "float32")))


# -- streaming --------------------------------------------------------------------------------


@settings(deadline=None, max_examples=30)
@given(
    cuts=st.lists(st.integers(1, 11), unique=True, max_size=4).map(sorted),
    which=st.sampled_from(range(len(EVERY_METRIC))),
    weighted=st.booleans(),
)
def test_batches_do_not_matter(cuts, which, weighted):
    metric = EVERY_METRIC[which]
    y_pred, y_true = example(metric, (12, 3), seed=len(cuts))
    weights = np.linspace(0.5, 2, 12, dtype="float32") if weighted else None
    whole = measure(metric, y_pred, y_true, weights)
    assert_allclose(measure(metric, y_pred, y_true, weights, cuts), whole, rtol=1e-12)


@pytest.mark.parametrize("metric", EVERY_METRIC, ids=lambda m: m.name)
def test_an_update_changes_nothing_that_it_is_given(metric):
    y_pred, y_true = example(metric)
    state = metric.update(CTX, metric.init(CTX), y_pred, y_true)
    arrays = [y_pred, y_true, *state.values()]
    before = [np.array(array) for array in arrays]
    for array in (y_pred, y_true):
        array.flags.writeable = False
    first, again = (metric.update(CTX, state, y_pred, y_true) for _ in range(2))
    assert all(np.array_equal(first[name], again[name]) for name in state)
    assert first is not state
    for array, old in zip(arrays, before, strict=True):
        assert_array_equal(array, old)
    assert isinstance(metric.result(first), float)


@pytest.mark.parametrize("metric", EVERY_METRIC, ids=lambda m: m.name)
def test_targets_that_would_broadcast_are_refused(metric):
    with pytest.raises(ShapeError, match=f"metric {metric.name}: expected targets"):
        measure(metric, np.zeros((4, 1)), np.zeros((4, 4)))


@pytest.mark.parametrize("metric", EVERY_METRIC, ids=lambda m: m.name)
def test_a_metric_is_immutable(metric):
    with pytest.raises(dataclasses.FrozenInstanceError):
        metric.name = "other"


def test_nan_predictions_give_a_nan_error():
    assert math.isnan(measure(MeanSquaredError(), np.array([[np.nan], [0]]), np.zeros((2, 1))))


# -- names ------------------------------------------------------------------------------------


def get(identifier, loss="mse", output_shape=(3,)):
    return metrics.get(identifier, loss=loss and losses.get(loss), output_shape=output_shape)


@pytest.mark.parametrize(
    ("loss", "output_shape", "expected"),
    [
        ("binary_crossentropy", (1,), BinaryAccuracy),
        ("mse", (1,), BinaryAccuracy),
        ("binary_crossentropy", (3,), CategoricalAccuracy),
        ("categorical_crossentropy", (3,), CategoricalAccuracy),
        ("mse", (3,), CategoricalAccuracy),
        ("sparse_categorical_crossentropy", (3,), SparseCategoricalAccuracy),
        ("sparse_categorical_crossentropy", (8, 8, 3), SparseCategoricalAccuracy),
        (None, (3,), CategoricalAccuracy),
    ],
)
@pytest.mark.parametrize("name", ["accuracy", "acc"])
def test_accuracy_is_the_one_that_keras_means(name, loss, output_shape, expected):
    metric = get(name, loss, output_shape)
    assert type(metric) is expected
    assert metric.name == name


@pytest.mark.parametrize("weights", [None, np.array([1.0, 0.0, 3.0, 1.0])])
def test_accuracy_beside_a_custom_loss_reads_class_numbers_and_one_hot_rows(weights):
    metric = metrics.get("acc", loss=CustomLoss(abs, abs), output_shape=(3,))
    y_pred = np.array([[0.1, 0.9, 0], [0.8, 0.1, 0.1], [0, 0, 1], [1, 0, 0]])
    numbers = np.array([1, 0, 2, 2])
    expected = 3 / 4 if weights is None else 4 / 5
    for y_true in (numbers, numbers.astype("float64"), np.eye(3)[numbers]):
        assert measure(metric, y_pred, y_true, weights, cuts=(1, 3)) == expected
    with pytest.raises(ShapeError, match="metric acc: expected targets"):
        measure(metric, y_pred, np.ones((4, 2)))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mae", MeanAbsoluteError),
        ("MSE", MeanSquaredError),
        ("mean_squared_error", MeanSquaredError),
        ("MeanAbsoluteError", MeanAbsoluteError),
        ("r2_score", R2Score),
        ("binary_accuracy", BinaryAccuracy),
        ("sparse_categorical_accuracy", SparseCategoricalAccuracy),
    ],
)
def test_a_metric_is_reported_as_it_was_called(name, expected):
    metric = get(name)
    assert type(metric) is expected
    assert metric.name == name


def test_an_instance_is_itself():
    metric = BinaryAccuracy(name="hits", threshold=0.25)
    assert get(metric) is metric


def test_an_unknown_name_brings_up_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'accuracy'"):
        get("acurracy")


@pytest.mark.parametrize("wrong", [R2Score, np.mean, None, 3])
def test_other_things_are_no_metrics(wrong):
    with pytest.raises(TypeError, match="metric: expected a name"):
        get(wrong)
