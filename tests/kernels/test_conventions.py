"""What happens at kinks, ties, NaN and infinity, on every backend."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnscratch.kernels import BACKENDS, resolve
from nnscratch.kernels.cases import CASES, OpCase
from nnscratch.kernels.geometry import Window
from nnscratch.kernels.ops import STATISTICS, Array, Ops
from tests.cuda.host import host_ops

pytestmark = pytest.mark.filterwarnings("error")

INF, NAN = np.inf, np.nan


@pytest.fixture(params=[*BACKENDS, "cupy"])
def ops(request: pytest.FixtureRequest) -> Ops:
    return host_ops() if request.param == "cupy" else resolve(request.param).ops


def array(*values: float) -> Array:
    return np.array(values, np.float32)


def image(rows: list[list[float]]) -> Array:
    return np.array(rows, np.float32)[None, :, :, None]  # (1, H, W, 1)


# -- kinks ---------------------------------------------------------------------------------------


def test_the_slope_of_relu_at_0_is_0(ops: Ops) -> None:
    dx = ops.relu_gradient(array(1, 1, 1, 1), array(-1, -0.0, 0, 1), 0.0, INF, 0.0)
    np.testing.assert_array_equal(dx, [0, 0, 0, 1])


def test_the_slope_of_relu_at_its_threshold_and_ceiling(ops: Ops) -> None:
    x, ones = array(0.5, 0.75, 2, 3), array(1, 1, 1, 1)
    y = ops.relu(x, 0.25, 2.0, 0.5)
    np.testing.assert_allclose(y, [0.5, 0.75, 2, 2])
    np.testing.assert_allclose(ops.relu_gradient(ones, y, 0.25, 2.0, 0.5), [0.25, 1, 0, 0])


def test_relu_of_minus_infinity_is_0(ops: Ops) -> None:
    x = array(-INF, -1, 1, INF)
    np.testing.assert_array_equal(ops.relu(x, 0.0, INF, 0.0), [0, 0, 1, INF])


def test_the_slope_of_prelu_at_0_is_alpha(ops: Ops) -> None:
    dx, dalpha = ops.prelu_gradient(array(2, 2, 2)[:, None], array(-1, 0, 1)[:, None], array(0.25))
    np.testing.assert_array_equal(dx[:, 0], [0.5, 0.5, 2])
    np.testing.assert_array_equal(dalpha, [-2])


def test_the_slope_of_elu_at_0_is_1(ops: Ops) -> None:
    x = array(-0.0, 0)
    dx = ops.elu_gradient(array(1, 1), ops.elu(x, 0.5), 0.5)
    np.testing.assert_array_equal(dx, [1, 1])


def test_elu_of_minus_infinity_is_minus_alpha(ops: Ops) -> None:
    np.testing.assert_array_equal(ops.elu(array(-INF, -1000, 1000), 0.5), [-0.5, -0.5, 1000])


def test_gelu_ends_as_relu_does(ops: Ops) -> None:
    x = array(-INF, -1000, 0, 1000, INF)
    np.testing.assert_array_equal(ops.gelu(x), [0, 0, 0, 1000, INF])
    np.testing.assert_array_equal(ops.gelu_gradient(np.ones_like(x), x), [0, 0, 0.5, 1, 1])


def test_gelu_keeps_its_digits_where_little_is_left(ops: Ops) -> None:
    np.testing.assert_allclose(ops.gelu(np.array([-10.0])), [-7.61985302416052e-23], rtol=1e-12)


def test_the_sign_of_0_is_0(ops: Ops) -> None:
    _, derivative = ops.absolute_error(array(1, 2, 3), array(2, 2, 2))
    np.testing.assert_array_equal(derivative, [-1, 0, 1])


def test_the_clip_of_a_probability_is_flat_outside_its_interval(ops: Ops) -> None:
    epsilon = 0.25
    _, derivative = ops.binary_cross_entropy(
        array(0, 0.125, 0.25, 0.75, 0.875, 1), array(1, 1, 1, 0, 0, 0), epsilon
    )
    np.testing.assert_allclose(derivative, [0, 0, -4, 4, 0, 0])


def test_a_certain_error_has_no_gradient_after_the_clip(ops: Ops) -> None:
    loss, dp = ops.categorical_cross_entropy(array(1, 0)[None], array(0, 1)[None], 1e-7)
    np.testing.assert_allclose(loss, [-np.log(1e-7)], rtol=1e-6)
    np.testing.assert_array_equal(dp, [[0, 0]])


def test_a_certain_error_has_a_gradient_from_logits(ops: Ops) -> None:
    loss, dz = ops.softmax_cross_entropy(array(200, 0)[None], array(0, 1)[None])
    np.testing.assert_array_equal(loss, [200])
    np.testing.assert_array_equal(dz, [[1, -1]])


# -- overflow ------------------------------------------------------------------------------------


def test_sigmoid_saturates_without_overflow(ops: Ops) -> None:
    y = ops.sigmoid(array(-INF, -1000, -88, 0, 1000, INF))
    np.testing.assert_allclose(y, [0, 0, np.exp(-88), 0.5, 1, 1], rtol=1e-5)


def test_sigmoid_cross_entropy_grows_linearly_without_overflow(ops: Ops) -> None:
    loss, dz = ops.sigmoid_cross_entropy(array(-1000, 1000, 1000), array(1, 0, 1))
    np.testing.assert_array_equal(loss, [1000, 1000, 0])
    np.testing.assert_array_equal(dz, [-1, 1, 0])


def test_softmax_of_large_numbers_does_not_overflow(ops: Ops) -> None:
    y = ops.softmax(array(-1000, 1000, 1000)[None])
    np.testing.assert_array_equal(y, [[0, 0.5, 0.5]])


# -- pooling -------------------------------------------------------------------------------------


def test_a_tie_goes_to_the_first_cell(ops: Ops) -> None:
    window = Window((2, 2), (2, 2))
    x = image([[0, 7, 5, 5], [7, 7, 5, 5]])
    y, argmax = ops.max_pool2d(x, window)
    np.testing.assert_array_equal(y[0, 0, :, 0], [7, 5])
    np.testing.assert_array_equal(argmax[0, 0, :, 0], [1, 0])
    assert argmax.dtype == np.uint8
    dx = ops.max_pool2d_gradient(np.ones_like(y), argmax, window, (2, 4))
    np.testing.assert_array_equal(dx[0, ..., 0], [[0, 1, 1, 0], [0, 0, 0, 0]])


def test_padding_never_wins(ops: Ops) -> None:
    window = Window((2, 2), pads=((1, 0), (1, 0)))
    y, argmax = ops.max_pool2d(image([[-INF, -2], [-3, -4]]), window)
    np.testing.assert_array_equal(y[0, ..., 0], [[-INF, -2], [-3, -2]])
    np.testing.assert_array_equal(argmax[0, ..., 0], [[3, 3], [3, 1]])


def test_the_first_nan_wins(ops: Ops) -> None:
    y, argmax = ops.max_pool2d(image([[INF, NAN], [NAN, 1]]), Window((2, 2)))
    assert np.isnan(y).all()
    assert argmax.item() == 1


def test_an_average_leaves_padding_out(ops: Ops) -> None:
    window = Window((2, 2), pads=((1, 0), (1, 0)))
    y = ops.average_pool2d(image([[1, 2], [3, 6]]), window)
    np.testing.assert_allclose(y[0, ..., 0], [[1, 1.5], [2, 3]])
    dx = ops.average_pool2d_gradient(np.ones_like(y), window, (2, 2))
    np.testing.assert_allclose(dx[0, ..., 0], [[2.25, 0.75], [0.75, 0.25]])


# -- NaN -----------------------------------------------------------------------------------------


def call(ops: Ops, case: OpCase, arguments: tuple[Any, ...]) -> tuple[Array, ...]:
    result = getattr(ops, case.op)(*arguments)
    return result if isinstance(result, tuple) else (result,)


def first_case(op: str) -> OpCase:
    return next(case for case in CASES if case.op == op)


@pytest.mark.parametrize(
    ("op", "position"),
    [
        *(("relu", 0), ("relu_gradient", 0), ("relu_gradient", 1)),
        *(("prelu", 0), ("prelu_gradient", 0), ("prelu_gradient", 1)),
        *(("elu", 0), ("elu_gradient", 0), ("tanh", 0), ("sigmoid", 0)),
        *(("sigmoid_gradient", 0), ("sigmoid_gradient", 1)),
        *(("tanh_gradient", 0), ("tanh_gradient", 1)),
        *(("gelu", 0), ("gelu_gradient", 0), ("gelu_gradient", 1)),
        *(("squared_error", 0), ("squared_error", 1)),
        *(("absolute_error", 0), ("absolute_error", 1)),
        *(("binary_cross_entropy", 0), ("binary_cross_entropy", 1)),
        *(("sigmoid_cross_entropy", 0), ("sigmoid_cross_entropy", 1)),
        *(("sgd", 0), ("momentum", 0), ("momentum", 1), ("adam", 0)),
        *(("rmsprop", 0), ("rmsprop", 1), ("adagrad", 0), ("adagrad", 1)),
    ],
)
def test_nan_stays_in_its_element(ops: Ops, op: str, position: int) -> None:
    case = first_case(op)
    arguments = case.arguments("float32")
    arguments[position].flat[0] = NAN
    for result in call(ops, case, arguments):
        assert np.flatnonzero(np.isnan(result)).tolist() == [0]


@pytest.mark.parametrize(
    ("op", "position"),
    [
        *(("softmax", 0), ("softmax_gradient", 0), ("softmax_gradient", 1), ("matmul", 0)),
        *(("categorical_cross_entropy", 0), ("softmax_cross_entropy", 0)),
    ],
)
def test_nan_spoils_its_row(ops: Ops, op: str, position: int) -> None:
    case = next(case for case in CASES if case.op == op and len(case.arguments("float32")[0]) > 1)
    arguments = case.arguments("float32")
    arguments[position][1, 0] = NAN
    for result in call(ops, case, arguments):
        assert np.isnan(result[1]).all()
        assert not np.isnan(np.delete(result, 1, axis=0)).any()


def test_nan_spoils_the_moments_of_its_channel(ops: Ops) -> None:
    x = np.ones((2, 3, 4), np.float32)
    x[1, 1, 2] = NAN
    for moment in ops.moments(x):
        np.testing.assert_array_equal(np.isnan(moment), [False, True, False])


def test_nan_reaches_the_outputs_that_read_it(ops: Ops) -> None:
    x, kernel = np.ones((2, 4, 4, 1), np.float32), np.ones((3, 3, 1, 2), np.float32)
    x[0, 0, 3, 0] = NAN
    y = ops.conv2d(x, kernel, Window((3, 3)), 1)
    assert np.isnan(y[0, 0, 1]).all()
    assert np.isfinite(y[1]).all()
    average = ops.average_pool2d(x, Window((2, 2), (2, 2)))
    np.testing.assert_array_equal(np.isnan(average[0, ..., 0]), [[False, True], [False, False]])


# -- statistics ----------------------------------------------------------------------------------


def statistics(ops: Ops, x: Array, low: float = NAN, high: float = NAN) -> dict[str, float]:
    (row,) = ops.statistics(x, np.array([[0, x.size]]), low, high)
    return dict(zip(STATISTICS, row.tolist(), strict=True))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_statistics_are_numpys(ops: Ops, dtype: type[np.floating[Any]]) -> None:
    x = np.random.default_rng(0).standard_normal(5000).astype(dtype)
    x[::7] = 0
    wide = x.astype(np.float64)
    got = statistics(ops, x, low=-1.0, high=1.5)
    norm = np.linalg.norm(wide)
    expected = [wide.mean(), wide.std(), wide.min(), wide.max(), norm, (x == 0).sum()]
    np.testing.assert_allclose(list(got.values())[:6], expected, rtol=1e-12)
    assert got["saturated"] == np.sum((x <= -1) | (x >= 1.5))
    assert (got["nan"], got["inf"]) == (0, 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_std_does_not_cancel(ops: Ops, dtype: type[np.floating[Any]]) -> None:
    x = (1e6 + np.random.default_rng(0).standard_normal(9000)).astype(dtype)
    got = statistics(ops, x)
    assert got["std"] == pytest.approx((x.astype(np.float64) - 1e6).std(), rel=1e-9)
    assert got["mean"] == pytest.approx(x.mean(dtype=np.float64), rel=1e-14)


def test_equal_numbers_have_no_std(ops: Ops) -> None:
    assert statistics(ops, np.full(9000, 0.1, np.float32))["std"] < 1e-16


def test_nan_spoils_what_is_computed_and_not_what_is_counted(ops: Ops) -> None:
    x = np.ones(6000, np.float32)
    x[[1, 4000, 5000, 5001]] = 0, NAN, -INF, -0.0
    got = statistics(ops, x, low=0.0, high=INF)
    assert all(np.isnan(got[name]) for name in ("mean", "std", "min", "max", "norm"))
    assert [got[name] for name in ("zeros", "saturated", "nan", "inf")] == [2, 3, 1, 1]


@pytest.mark.parametrize(
    ("values", "mean", "low", "high"),
    [((INF, 1), INF, 1, INF), ((-INF, 1), -INF, -INF, 1), ((INF, -INF), NAN, -INF, INF)],
)
def test_infinities_are_extremes(
    ops: Ops, values: tuple[float, float], mean: float, low: float, high: float
) -> None:
    got = statistics(ops, array(*values))
    np.testing.assert_array_equal([got["mean"], got["min"], got["max"]], [mean, low, high])
    assert np.isnan(got["std"])
    assert got["norm"] == INF


def test_numbers_whose_squares_overflow_are_no_nan(ops: Ops) -> None:
    large = 2.0**600
    with np.errstate(over="ignore"):
        got = statistics(ops, np.full(5000, large))
    assert [got[name] for name in ("mean", "std", "min", "max")] == [large, 0, large, large]
    assert got["norm"] == INF


def test_segments_know_nothing_of_each_other(ops: Ops) -> None:
    x = array(NAN, 1, 2, INF)
    (one, none) = ops.statistics(x, np.array([[1, 3], [2, 2]]), NAN, NAN)
    np.testing.assert_allclose(one, [1.5, 0.5, 1, 2, np.sqrt(5), 0, 0, 0, 0])
    np.testing.assert_array_equal(none, [NAN, NAN, NAN, NAN, 0, 0, 0, 0, 0])


def test_of_nothing_there_are_no_statistics(ops: Ops) -> None:
    assert ops.statistics(array(1), np.empty((0, 2), np.int64), NAN, NAN).shape == (0, 9)
    assert statistics(ops, array())["norm"] == 0
    np.testing.assert_array_equal(ops.histogram(array(), 0.0, 1.0, 2), [0, 0])


@pytest.mark.parametrize("edge", [5e-324, 1e308])
def test_a_histogram_of_an_extreme_range_stays_inside_its_memory(edge: float) -> None:
    ops = resolve("numba").ops
    low = 0.0 if edge < 1 else -edge
    assert ops.histogram(np.array([low, edge]), low, edge, 64).sum() == 2


def test_a_histogram_counts_its_edges_and_nothing_outside(ops: Ops) -> None:
    x = array(-1, -0.5, 0, 0.5, 1, 1.5, -INF, NAN)
    np.testing.assert_array_equal(ops.histogram(x, -1.0, 1.0, 4), [1, 1, 1, 2])
