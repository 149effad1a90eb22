"""Losses that people wrote by hand, and gradients that they tampered with."""

from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from benchmarks.doctor.faults import SUM, BatchSoftmax, tampered
from benchmarks.doctor.losses import CUSTOM
from nnscratch.backend import get_backend
from nnscratch.core.context import Context
from nnscratch.core.run import run_layer
from nnscratch.kernels.ops import Array

CTX = Context(get_backend("numpy"))
P = np.array([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]])
Y = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("custom:cce_unclipped_sum", -np.sum(Y * np.log(P))),
        ("custom:bce_unclipped", np.mean(np.sum(-Y * np.log(P) - (1 - Y) * np.log(1 - P), axis=1))),
        ("custom:cce_clip_1e32", np.mean(-np.sum(Y * np.log(P), axis=1))),
        ("custom:cce_mean_axis1_sum_batch", np.sum(-np.mean(Y * np.log(P), axis=1))),
        ("custom:cce_sum_axis0_mean", np.mean(-np.sum(Y * np.log(P), axis=0))),
        ("custom:ce_for_regression", -np.sum(Y * np.log(P))),
    ],
)
def test_the_formula(name: str, expected: float) -> None:
    value, dy = CUSTOM[name](CTX, P, Y)
    assert value == pytest.approx(expected)
    CUSTOM[name].check_gradient(CTX, P, Y)
    direction = np.random.default_rng(0).standard_normal(P.shape)
    ahead, behind = (CUSTOM[name](CTX, P + s * 1e-6 * direction, Y)[0] for s in (1, -1))
    assert np.sum(dy * direction) == pytest.approx((ahead - behind) / 2e-6, rel=1e-6)


def test_every_prediction_against_every_target() -> None:
    p, y = np.array([[0.0], [1.0], [4.0]]), np.array([[1.0], [2.0], [6.0]])
    value, dy = CUSTOM["custom:mse_broadcast"](CTX, p, y)
    assert value == pytest.approx(np.mean([(a - b) ** 2 for a in p.ravel() for b in y.ravel()]))
    assert dy.ravel() == pytest.approx(2 * (p.ravel() - 3) / 3)


def of(name: str, p: list[float], y: list[float]) -> tuple[float, Array]:
    with np.errstate(all="ignore"):
        value, dy = CUSTOM[name](CTX, np.array([p]), np.array([y]))
    return float(value), dy[0]


def test_without_a_clip_0_log_0_is_nan() -> None:
    value, dy = of("custom:cce_unclipped_sum", [0.0, 1.0], [0.0, 1.0])
    assert np.isnan(value)
    assert np.isnan(dy).tolist() == [True, False]
    value, dy = of("custom:bce_unclipped", [1.0], [1.0])
    assert np.isnan(value)
    assert np.isnan(dy).all()


@pytest.mark.parametrize(
    ("name", "floor"), [("custom:cce_clip_1e32", 1e-32), ("custom:ce_for_regression", 1e-10)]
)
def test_the_clip_has_no_slope(name: str, floor: float) -> None:
    value, dy = of(name, [0.0, 2.0], [1.0, 1.0])
    assert value == pytest.approx(-np.log(floor))
    assert dy.tolist() == [0, 0]
    assert of(name, [1.0, floor], [1.0, 1.0])[1].tolist() == [-1, -1 / floor]


def test_negated_gradients_go_uphill() -> None:
    inner = nn.SGD(0.1, momentum=0.5)
    negated = tampered(inner, "negate_gradients")
    params, gradients = np.zeros(3), np.array([1.0, -2.0, 0.0])
    slots = negated.init(CTX, params)
    update, _ = negated.update(CTX, params, gradients, slots, 0)
    expected, _ = inner.update(CTX, params, -gradients, inner.init(CTX, params), 0)
    np.testing.assert_array_equal(update, expected)
    assert negated.with_learning_rate(0.7).learning_rate_at(0) == 0.7
    quicker, _ = negated.with_learning_rate(1.0).update(CTX, params, gradients, slots, 0)
    np.testing.assert_allclose(quicker, 10 * update)


def test_accumulated_gradients_are_never_set_to_zero() -> None:
    accumulated = tampered(nn.Adam(0.1), "accumulate_gradients")
    params = np.zeros(2)
    slots, inner = accumulated.init(CTX, params), nn.Adam(0.1).init(CTX, params)
    given = [np.array([1.0, -1.0]), np.array([1.0, 3.0]), np.array([-4.0, 0.0])]
    for t, gradients in enumerate(given):
        update, slots = accumulated.update(CTX, params, gradients, slots, t)
        expected, inner = nn.Adam(0.1).update(CTX, params, sum(given[: t + 1]), inner, t)
        np.testing.assert_allclose(update, expected)
    assert slots[SUM].tolist() == [-2, 2]


def test_a_tampered_optimizer_clips_and_decays_as_before() -> None:
    negated = tampered(nn.SGD(0.5, clipvalue=1.0, weight_decay=0.1), "negate_gradients")
    slices = {"a": slice(0, 2)}
    assert negated.clip(CTX, np.array([3.0, -0.5]), slices).tolist() == [1, -0.5]
    decay = negated.decay(CTX, np.array([2.0, 0.0]), slices, 0)
    assert decay is not None
    assert decay.tolist() == pytest.approx([-0.1, 0])


def test_softmax_over_the_rows(rng: np.random.Generator) -> None:
    x, dy = rng.standard_normal((4, 3)), rng.standard_normal((4, 3))
    own = run_layer(BatchSoftmax(), x, dy, backend="numpy")
    turned = run_layer(nn.Softmax(), x.T, dy.T, backend="numpy")
    np.testing.assert_allclose(own.output, turned.output.T)
    (dx,), (expected,) = own.input_gradients, turned.input_gradients
    assert dx is not None
    assert expected is not None
    np.testing.assert_allclose(dx, expected.T)
