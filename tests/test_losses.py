from __future__ import annotations

import dataclasses
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from nnscratch import losses
from nnscratch.backend import get_backend
from nnscratch.core.context import Context
from nnscratch.core.errors import DataError, DTypeError, NNError, ShapeError, UnknownNameError
from nnscratch.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CustomLoss,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from tests.backends import BACKEND, BACKENDS
from tests.rarer_losses import RARER_LOSSES

pytestmark = pytest.mark.host("losses are called by hand, on NumPy's arrays")

NUMPY = Context(get_backend(BACKEND))
COMMON_LOSSES = [
    MeanSquaredError(),
    MeanAbsoluteError(),
    BinaryCrossentropy(),
    BinaryCrossentropy(from_logits=True),
    CategoricalCrossentropy(),
    CategoricalCrossentropy(from_logits=True),
    SparseCategoricalCrossentropy(),
    SparseCategoricalCrossentropy(from_logits=True),
]
EVERY_LOSS = [
    *COMMON_LOSSES,
    *RARER_LOSSES,
    CustomLoss(
        lambda y, t: ((y - t) ** 4).reshape(len(y), -1).sum(axis=1),
        lambda y, t: 4 * (y - t) ** 3,
        name="quartic",
    ),
]


@pytest.fixture(params=BACKENDS)
def ctx(request):
    return Context(get_backend(request.param))


def label(loss):
    return f"{loss.name}{'_logits' * getattr(loss, 'from_logits', False)}"


def example(loss, shape=(4, 3), dtype="float64", seed=0):
    """Predictions strictly inside (0, 1), and targets, none at a kink."""
    rng = np.random.default_rng(seed)
    y_pred = rng.uniform(0.1, 0.9, shape).astype(dtype)
    if isinstance(loss, SparseCategoricalCrossentropy):
        return y_pred, rng.integers(0, shape[-1], shape[:-1])
    y_true = rng.uniform(0, 1, shape)
    if isinstance(loss, CategoricalCrossentropy):
        y_true = np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]
    return y_pred, y_true.astype(dtype)


# -- arithmetic -------------------------------------------------------------------------------


def test_mean_squared_error_by_hand(ctx):
    value, dy = MeanSquaredError()(ctx, np.array([[1.0, 2], [3, 4]]), np.array([[0.0, 2], [1, 7]]))
    assert value == (1 + 0 + 4 + 9) / 4
    assert_array_equal(dy, [[2 / 4, 0], [4 / 4, -6 / 4]])


@pytest.mark.parametrize("loss", EVERY_LOSS, ids=label)
def test_a_sum_is_not_divided(ctx, loss):
    y_pred, y_true = example(loss, (4, 3))
    weights = np.array([1.0, 0.5, 2.0, 0.0])
    mean, slope = loss(ctx, y_pred, y_true, weights)
    total, dy = dataclasses.replace(loss, reduction="sum")(ctx, y_pred, y_true, weights)
    assert_allclose(total, 4 * mean, rtol=1e-14)
    assert_allclose(dy, 4 * slope, rtol=1e-14)


def test_a_reduction_that_is_none():
    with pytest.raises(UnknownNameError, match="unknown reduction of mean_squared_error 'summ'"):
        MeanSquaredError(reduction="summ")


def test_mean_absolute_error_by_hand_has_slope_0_at_0(ctx):
    value, dy = MeanAbsoluteError()(ctx, np.array([[1.0, 2], [3, 4]]), np.array([[0.0, 2], [1, 7]]))
    assert value == (1 + 0 + 2 + 3) / 4
    assert_array_equal(dy, [[1 / 4, 0], [1 / 4, -1 / 4]])


def test_binary_crossentropy_by_hand(ctx):
    value, dy = BinaryCrossentropy()(ctx, np.array([[0.5], [0.25]]), np.array([[1.0], [0.0]]))
    assert_allclose(value, (-math.log(0.5) - math.log(0.75)) / 2, rtol=1e-15)
    assert_allclose(dy, [[-2 / 2], [1 / 0.75 / 2]], rtol=1e-15)


def test_binary_crossentropy_of_logits_by_hand(ctx):
    logits, y_true = np.array([[math.log(3)], [0.0]]), np.array([[1.0], [0.0]])
    value, dy = BinaryCrossentropy(from_logits=True)(ctx, logits, y_true)
    assert_allclose(value, (-math.log(0.75) - math.log(0.5)) / 2, rtol=1e-15)
    assert_allclose(dy, [[-0.25 / 2], [0.5 / 2]], rtol=1e-15)


def test_categorical_crossentropy_divides_by_the_sum_first(ctx):
    y_true = np.array([[0.0, 1, 0]])
    value, dy = CategoricalCrossentropy()(ctx, np.array([[1.0, 2, 1]]), y_true)
    assert_allclose(value, math.log(2), rtol=1e-15)
    assert_allclose(dy, [[1 / 4, 1 / 4 - 1 / 2, 1 / 4]], rtol=1e-15)  # d(log sum p - log p_1)


def test_categorical_crossentropy_of_logits_by_hand(ctx):
    logits, y_true = np.log([[1.0, 2, 1], [2, 1, 1]]), np.array([[0.0, 1, 0], [1, 0, 0]])
    value, dy = CategoricalCrossentropy(from_logits=True)(ctx, logits, y_true)
    assert_allclose(value, math.log(2), rtol=1e-15)
    assert_allclose(dy, [[1 / 8, -1 / 4, 1 / 8], [-1 / 4, 1 / 8, 1 / 8]], rtol=1e-15)


@pytest.mark.parametrize("from_logits", [False, True])
def test_class_numbers_mean_one_hot_rows_to_the_bit(ctx, from_logits):
    y_pred, labels = example(SparseCategoricalCrossentropy(), (5, 2, 3, 4), "float32")
    sparse = SparseCategoricalCrossentropy(from_logits)(ctx, y_pred, labels)
    one_hot = np.eye(4, dtype="float32")[labels]
    dense = CategoricalCrossentropy(from_logits)(ctx, y_pred, one_hot)
    assert_array_equal(sparse[0], dense[0])
    assert_array_equal(sparse[1], dense[1])


@pytest.mark.parametrize("loss", EVERY_LOSS[:-1], ids=label)
def test_every_place_of_a_map_counts_like_a_row(ctx, loss):
    y_pred, y_true = example(loss, (2, 3, 4, 5))
    value, dy = loss(ctx, y_pred, y_true)
    rows = loss(ctx, y_pred.reshape(24, 5), y_true.reshape(24, *y_true.shape[3:]))
    assert_allclose(value, rows[0], rtol=1e-14)
    assert_array_equal(dy, rows[1].reshape(2, 3, 4, 5))


@pytest.mark.parametrize("loss", EVERY_LOSS, ids=label)
@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 2, 5), (1, 1)], ids=str)
def test_gradients_are_those_that_central_differences_find(ctx, loss, shape):
    y_pred, y_true = example(loss, shape)
    weights = np.random.default_rng(1).uniform(0.5, 2, shape[0])
    _, dy = loss(ctx, y_pred, y_true, weights)
    step, found = 1e-6, np.empty(shape)
    for place in np.ndindex(shape):
        ends = []
        for sign in (1, -1):
            moved = y_pred.copy()
            moved[place] += sign * step
            ends.append(float(loss(ctx, moved, y_true, weights)[0]))
        found[place] = (ends[0] - ends[1]) / (2 * step)
    assert_allclose(dy, found, rtol=1e-6, atol=1e-9)
    if shape[-1] > 1:
        assert np.abs(dy).mean() > 1e-4  # both sides 0 would prove nothing


@pytest.mark.parametrize("loss", EVERY_LOSS, ids=label)
def test_float32_gradients_are_the_float64_ones_rounded(ctx, loss):
    y_pred, y_true = example(loss, (4, 3), "float32")
    wide = y_true if y_true.dtype == "int64" else y_true.astype("float64")
    value, dy = loss(ctx, y_pred, y_true)
    exact, exact_dy = loss(ctx, y_pred.astype("float64"), wide)
    assert (value.dtype, dy.dtype, value.shape) == (np.float32, np.float32, ())
    assert_allclose(value, exact, rtol=1e-6)
    assert_allclose(dy, exact_dy, rtol=2e-5, atol=1e-7)


# -- weights ----------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", EVERY_LOSS, ids=label)
def test_weights_multiply_rows_and_do_not_divide(ctx, loss):
    y_pred, y_true = example(loss, (3, 2, 4))
    weights = np.array([0.0, 1.0, 2.5])
    alone = [loss(ctx, y_pred[i : i + 1], y_true[i : i + 1]) for i in range(3)]
    value, dy = loss(ctx, y_pred, y_true, weights)
    expected = sum(w * float(v) for w, (v, _) in zip(weights, alone, strict=True)) / 3
    assert_allclose(value, expected, rtol=1e-14)
    assert_allclose(dy[2:], 2.5 / 3 * alone[2][1], rtol=1e-14)
    assert not dy[0].any()


def test_weights_of_one_value_each_multiply_places(ctx):
    y_pred, y_true = np.array([[[1.0], [2.0]]]), np.zeros((1, 2, 1))
    value, dy = MeanSquaredError()(ctx, y_pred, y_true, np.array([[3.0, 5.0]]))
    assert value == (3 * 1 + 5 * 4) / 2
    assert_array_equal(dy, [[[3 * 2 / 2], [5 * 4 / 2]]])


@pytest.mark.parametrize("shape", [(), (1,), (3, 2), (4, 1)], ids=str)
def test_weights_that_are_not_one_per_row_are_refused(shape):
    y_pred, y_true = example(MeanSquaredError())
    with pytest.raises(ShapeError, match=r"one per row \(4,\)"):
        MeanSquaredError()(NUMPY, y_pred, y_true, np.ones(shape))


def test_weights_of_another_dtype_are_refused():
    y_pred, y_true = example(MeanSquaredError(), dtype="float32")
    with pytest.raises(DTypeError, match=r"sample weights.*float32, got float64"):
        MeanSquaredError()(NUMPY, y_pred, y_true, np.ones(4))


# -- the clip ---------------------------------------------------------------------------------


def test_a_saturated_wrong_prediction_costs_16_118096_and_teaches_nothing(ctx):
    p = np.array([[0.0, 1.0], [0.25, 0.75]], "float32")
    t = np.array([[1.0, 0.0], [1.0, 0.0]], "float32")
    values, _ = CategoricalCrossentropy().values(ctx, p, t)
    _, dy = CategoricalCrossentropy()(ctx, p, t)
    assert_allclose(values[0], 16.118096, rtol=1e-7)
    assert_array_equal(dy[0], [0, 0])
    assert (dy[1] != 0).all()
    binary, binary_dy = BinaryCrossentropy()(ctx, p[:1, :1], t[:1, :1])
    assert_allclose(binary, 16.118096, rtol=1e-7)
    assert_array_equal(binary_dy, [[0]])


def test_the_binary_clip_is_lower_at_the_upper_end_in_float32(ctx):
    one, zero = np.ones((1, 1), "float32"), np.zeros((1, 1), "float32")
    value, dy = BinaryCrossentropy()(ctx, one, zero)
    assert_allclose(value, -math.log(2.0**-23), rtol=1e-6)
    assert f"{value:.3f}" == "15.942"
    assert_array_equal(dy, [[0]])


def test_logits_have_no_floor_and_keep_their_gradient(ctx):
    logits, t = np.array([[-50.0, 50.0]], "float32"), np.array([[1.0, 0.0]], "float32")
    value, dy = CategoricalCrossentropy(from_logits=True)(ctx, logits, t)
    assert value == 100
    assert_array_equal(dy, [[-1, 1]])


def test_a_log_that_a_stuck_training_run_printed_is_that_of_the_clip(ctx):
    """304 of 550 images wrong, softmax saturated everywhere, float64, epsilon 1e-9."""
    p = np.tile([0.0, 1.0], (550, 1))
    t = np.array([0] * 304 + [1] * 246)
    value, dy = SparseCategoricalCrossentropy(epsilon=1e-9)(ctx, p, t)
    assert f"{value:.4f}" == "11.4543"
    assert not dy.any()


def test_an_epsilon_that_float32_cannot_take_from_1_is_refused(ctx):
    one, zero = np.ones((1, 1)), np.zeros((1, 1))
    loss = BinaryCrossentropy(epsilon=1e-9)
    assert_allclose(loss(ctx, one, zero)[0], -math.log(1e-9), rtol=1e-7)
    with pytest.raises(DTypeError, match=r"1 - 1e-09 is 1 in float32"):
        loss(ctx, one.astype("float32"), zero.astype("float32"))


@pytest.mark.parametrize("epsilon", [0.0, -1e-7, 0.5, math.nan, None])
def test_epsilons_that_do_not_clip_are_refused(epsilon):
    with pytest.raises(ValueError, match=r"epsilon: expected a finite number > 0 and < 0\.5"):
        CategoricalCrossentropy(epsilon=epsilon)


def test_nan_predictions_give_a_nan_loss(ctx):
    for loss in EVERY_LOSS[:-1]:
        y_pred, y_true = example(loss)
        y_pred[1, 2] = np.nan
        value, dy = loss(ctx, y_pred, y_true)
        assert np.isnan(value)
        assert np.isnan(dy[1]).any()


# -- purity -----------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", EVERY_LOSS, ids=label)
def test_a_loss_changes_nothing_and_repeats_itself(ctx, loss):
    y_pred, y_true = example(loss, (3, 2, 4))
    weights = np.array([0.5, 1.0, 2.0])
    before = [a.copy() for a in (y_pred, y_true, weights)]
    for array in (y_pred, y_true, weights):
        array.flags.writeable = False
    first, again = (loss(ctx, y_pred, y_true, weights) for _ in range(2))
    for array, old in zip((y_pred, y_true, weights), before, strict=True):
        assert_array_equal(array, old)
    assert_array_equal(first[0], again[0])
    assert_array_equal(first[1], again[1])
    assert not np.shares_memory(first[1], y_pred)


@pytest.mark.parametrize("loss", EVERY_LOSS, ids=label)
def test_strided_arrays_give_the_same_numbers(ctx, loss):
    y_pred, y_true = example(loss, (3, 2, 4))
    _, dy = loss(ctx, y_pred, y_true)
    _, strided = loss(ctx, np.repeat(y_pred, 2, axis=0)[::2], np.repeat(y_true, 2, axis=0)[::2])
    assert_array_equal(dy, strided)


def test_a_loss_is_immutable_and_equal_to_its_like():
    loss = CategoricalCrossentropy(epsilon=1e-6)
    assert loss == CategoricalCrossentropy(epsilon=1e-6) != CategoricalCrossentropy()
    with pytest.raises(dataclasses.FrozenInstanceError):
        loss.epsilon = 1e-5


@settings(deadline=None, max_examples=25)
@given(
    n=st.integers(2, 9), cut=st.integers(1, 8), which=st.sampled_from(range(len(EVERY_LOSS) - 1))
)
def test_a_batch_is_worth_the_mean_of_its_parts(n, cut, which):
    loss, cut = EVERY_LOSS[which], min(cut, n - 1)
    y_pred, y_true = example(loss, (n, 3), seed=n)
    value, dy = loss(NUMPY, y_pred, y_true)
    head, head_dy = loss(NUMPY, y_pred[:cut], y_true[:cut])
    tail, _ = loss(NUMPY, y_pred[cut:], y_true[cut:])
    assert_allclose(n * value, cut * head + (n - cut) * tail, rtol=1e-13)
    assert_allclose(n * dy[:cut], cut * head_dy, rtol=1e-13)


# -- targets ----------------------------------------------------------------------------------


def test_targets_without_the_last_axis_get_it():
    prepared = BinaryCrossentropy().prepare_targets(np.array([True, False]), (1,), "float32")
    assert_array_equal(prepared, [[1], [0]])
    assert prepared.dtype == np.float32


def test_class_numbers_lose_a_last_axis_and_become_int64():
    loss = SparseCategoricalCrossentropy()
    prepared = loss.prepare_targets(np.array([[2], [0]], "uint8"), (3,), "float32")
    assert_array_equal(prepared, [2, 0])
    assert prepared.dtype == np.int64


def test_class_maps_fit_prediction_maps():
    labels = np.arange(8).reshape(2, 2, 2, 1) % 3
    prepared = SparseCategoricalCrossentropy().prepare_targets(labels, (2, 2, 3), "float32")
    assert prepared.shape == (2, 2, 2)


def test_targets_that_fit_are_not_copied():
    y = np.zeros((3, 2), "float32")
    assert np.shares_memory(MeanSquaredError().prepare_targets(y, (2,), "float32"), y)


def test_targets_of_a_custom_loss_may_have_any_shape():
    loss = EVERY_LOSS[-1]
    assert loss.prepare_targets(np.arange(4), (1,), "float32").shape == (4, 1)
    assert loss.prepare_targets(np.arange(4), (7,), "float32").shape == (4,)


def test_binary_targets_outside_0_and_1_are_let_through():
    BinaryCrossentropy().check_targets(np.array([[-1.0], [2.0]]), (1,))


@pytest.mark.parametrize(
    ("loss", "y", "output_shape", "error", "message"),
    [
        ("mse", np.zeros((4, 2)), (3,), ShapeError, "expected targets (4, 3), got (4, 2)"),
        ("mse", np.zeros(4), (2,), ShapeError, "expected targets (4, 2), got (4,)"),
        ("mse", np.zeros(4), (), ShapeError, "expected predictions (N, ..., K), got (N,)"),
        ("mse", np.array(["a", "b"]), (1,), DTypeError, "numbers, got <U1"),
        ("bce", np.zeros((4, 2)), (1,), ShapeError, "expected targets (4, 1), got (4, 2)"),
        (
            "categorical_crossentropy",
            np.zeros(4, int),
            (10,),
            ShapeError,
            'use loss="sparse_categorical_crossentropy", or make them one-hot: '
            "nn.to_categorical(y, 10)",
        ),
        (
            "sparse_categorical_crossentropy",
            np.eye(10)[:4],
            (10,),
            ShapeError,
            'use loss="categorical_crossentropy", or y.argmax(axis=-1)',
        ),
        (
            "sparse_categorical_crossentropy",
            np.array([0, 9, 10, 12]),
            (10,),
            DataError,
            "the model has 10 outputs, expected labels 0 to 9, got 10 in row 2",
        ),
        (
            "sparse_categorical_crossentropy",
            np.array([[[0, 1], [0, 1]], [[0, 1], [-1, 1]]]),
            (2, 2, 3),
            DataError,
            "got -1 in row 1",
        ),
        (
            "sparse_categorical_crossentropy",
            np.array([0.0, 1.0]),
            (3,),
            DataError,
            "expected class numbers to be integers, got float64; if they are classes, cast them",
        ),
        (
            "sparse_categorical_crossentropy",
            np.array([0.0, 1.5]),
            (3,),
            DataError,
            "got float64, 1.5 in row 1",
        ),
    ],
)
def test_targets_that_cannot_be_trained_on_are_refused(loss, y, output_shape, error, message):
    with pytest.raises(error, match=re.escape(message)):
        losses.get(loss).prepare_targets(y, output_shape, "float32")


def test_targets_that_would_broadcast_are_refused_at_the_call():
    with pytest.raises(ShapeError, match=r"got \(4, 1\) and \(4,\)"):
        MeanSquaredError()(NUMPY, np.zeros((4, 1)), np.zeros(4))
    with pytest.raises(ShapeError, match=r"got \(4,\) and \(4,\)"):
        MeanSquaredError()(NUMPY, np.zeros(4), np.zeros(4))
    with pytest.raises(ShapeError, match=r"got \(4, 3\) and \(5,\)"):
        SparseCategoricalCrossentropy()(NUMPY, np.zeros((4, 3)), np.zeros(5, int))


def test_targets_of_another_dtype_are_refused_at_the_call():
    with pytest.raises(DTypeError, match="expected targets of dtype float32"):
        MeanSquaredError()(NUMPY, np.zeros((4, 1), "float32"), np.zeros((4, 1)))
    with pytest.raises(DTypeError, match="expected targets of dtype int64"):
        SparseCategoricalCrossentropy()(NUMPY, np.ones((2, 3)), np.zeros(2))


# -- a loss of one's own ------------------------------------------------------------------------


def contrastive(y, t):
    """Source: Hadsell et al. 2006; y is a distance, t is 1 for equal pairs."""
    return (t * y**2 + (1 - t) * np.maximum(1 - y, 0) ** 2)[:, 0]


def contrastive_gradient(y, t):
    return 2 * t * y - 2 * (1 - t) * np.maximum(1 - y, 0)


PAIRS = np.array([[0.2], [0.7], [1.5]]), np.array([[1.0], [0.0], [0.0]])


def test_a_pair_of_functions_is_a_loss(ctx):
    loss = losses.get((contrastive, contrastive_gradient))
    loss.check_gradient(ctx, *PAIRS)
    value, dy = loss(ctx, *PAIRS)
    assert_allclose(value, (0.04 + 0.09 + 0) / 3, rtol=1e-14)
    assert_allclose(dy, [[0.4 / 3], [-0.6 / 3], [0]], rtol=1e-14)


@pytest.mark.parametrize("loss", EVERY_LOSS, ids=label)
def test_the_check_accepts_what_is_right_in_any_dtype(ctx, loss):
    loss.check_gradient(ctx, *example(loss, (6, 4), "float32"))


def test_the_check_names_the_row_of_a_wrong_gradient(ctx):
    def wrong(y, t):
        return contrastive_gradient(y, t) * np.where(t == 1, 1, -1)

    loss = CustomLoss(contrastive, wrong, name="contrastive")
    message = r"contrastive: the gradient does not belong to the value: .* in row 1 .*"
    with pytest.raises(NNError, match=message):
        loss.check_gradient(ctx, *PAIRS)


@pytest.mark.parametrize("factor", [0.0, 1 / 3, 2.0, np.nan])
def test_the_check_refuses_a_gradient_off_by_a_factor(factor):
    loss = CustomLoss(contrastive, lambda y, t: factor * contrastive_gradient(y, t))
    with pytest.raises(NNError, match="not divided by the number of rows"):
        loss.check_gradient(NUMPY, *PAIRS)


def test_functions_that_return_another_shape_or_dtype_are_refused():
    y, t = PAIRS
    mean = CustomLoss(lambda y, t: contrastive(y, t).mean(), contrastive_gradient)
    with pytest.raises(ShapeError, match=r"value\(y_pred, y_true\) to return \(3,\), got \(\)"):
        mean(NUMPY, y, t)
    flat = CustomLoss(contrastive, lambda y, t: contrastive_gradient(y, t)[:, 0])
    with pytest.raises(ShapeError, match=r"gradient\(.*\) to return \(3, 1\), got \(3,\)"):
        flat(NUMPY, y, t)
    narrow = CustomLoss(contrastive, lambda y, t: contrastive_gradient(y, t).astype("float32"))
    with pytest.raises(DTypeError, match=r"gradient\(.*\) to keep float64, got float32"):
        narrow(NUMPY, y, t)


# -- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mse", MeanSquaredError()),
        ("MSE", MeanSquaredError()),
        ("mean_squared_error", MeanSquaredError()),
        ("MeanSquaredError", MeanSquaredError()),
        ("mae", MeanAbsoluteError()),
        ("binary_crossentropy", BinaryCrossentropy()),
        ("BinaryCrossentropy", BinaryCrossentropy()),
        ("categorical_crossentropy", CategoricalCrossentropy()),
        ("sparse_categorical_crossentropy", SparseCategoricalCrossentropy()),
    ],
)
def test_losses_go_by_keras_names(name, expected):
    assert losses.get(name) == expected


def test_an_instance_is_itself():
    loss = BinaryCrossentropy(from_logits=True)
    assert losses.get(loss) is loss


@pytest.mark.parametrize("loss", [MeanSquaredError, MeanAbsoluteError])
def test_keras_reduction_is_not_taken_for_a_name(loss):
    with pytest.raises(TypeError, match="positional"):
        loss("sum")


def test_the_second_argument_is_label_smoothing_as_in_keras():
    for loss in (BinaryCrossentropy, CategoricalCrossentropy):
        assert loss(True, 0.1) == loss(from_logits=True, label_smoothing=0.1)


def test_an_unknown_name_brings_up_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'categorical_crossentropy'"):
        losses.get("categorical_cross_entropy")


@pytest.mark.parametrize("wrong", [MeanSquaredError, 3, None, (np.abs,), (np.abs, "mse")])
def test_other_things_are_no_losses(wrong):
    with pytest.raises(TypeError, match="loss: expected a name"):
        losses.get(wrong)


# -- parity -----------------------------------------------------------------------------------


@pytest.mark.parity
@pytest.mark.parametrize("loss", COMMON_LOSSES, ids=label)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_torch_computes_the_same(ctx, loss, dtype):
    import torch
    import torch.nn.functional as F  # noqa: N812 (the name that everybody gives it)

    def cross_entropy(y, t):
        logits = y if loss.from_logits else torch.log(y / y.sum(-1, keepdim=True))
        return F.cross_entropy(logits, t)

    y_pred, y_true = example(loss, (5, 4), dtype)
    y = torch.tensor(y_pred, requires_grad=True)
    reference = {
        "mean_squared_error": F.mse_loss,
        "mean_absolute_error": F.l1_loss,
        "binary_crossentropy": (
            F.binary_cross_entropy_with_logits
            if getattr(loss, "from_logits", False)
            else F.binary_cross_entropy
        ),
        "categorical_crossentropy": cross_entropy,
        "sparse_categorical_crossentropy": cross_entropy,
    }[loss.name](y, torch.tensor(y_true))
    reference.backward()
    value, dy = loss(ctx, y_pred, y_true)
    rtol = {"float32": 1e-5, "float64": 1e-12}[dtype]
    assert_allclose(value, reference.item(), rtol=rtol)
    assert_allclose(dy, y.grad.numpy(), rtol=rtol, atol=rtol / 10)
