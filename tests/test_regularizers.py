from __future__ import annotations

import math

import numpy as np
import pytest

from nnscratch import regularizers
from nnscratch.core.errors import UnknownNameError
from nnscratch.regularizers import L1, L1L2, L2

W = np.array([[1.0, -2.0], [0.0, 0.5]])


@pytest.mark.parametrize(
    ("regularizer", "penalty", "gradient"),
    [
        (L1(0.1), 0.35, [[0.1, -0.1], [0.0, 0.1]]),
        (L2(0.1), 0.525, [[0.2, -0.4], [0.0, 0.1]]),
        (L1L2(0.1, 0.2), 1.4, [[0.5, -0.9], [0.0, 0.3]]),
        (L1L2(l1=0.1), 0.35, [[0.1, -0.1], [0.0, 0.1]]),
        (L1L2(l2=0.1), 0.525, [[0.2, -0.4], [0.0, 0.1]]),
        (L1L2(), 0.0, [[0.0, 0.0], [0.0, 0.0]]),
    ],
    ids=repr,
)
def test_by_hand(regularizer, penalty, gradient):
    assert regularizer.penalty(W) == pytest.approx(penalty)
    np.testing.assert_allclose(regularizer.gradient(W), gradient)


@pytest.mark.parametrize("regularizer", [L1(0.3), L2(0.3), L1L2(0.3, 0.2)], ids=repr)
def test_gradient_is_the_derivative_of_the_penalty(regularizer):
    rng = np.random.default_rng(0)
    w, direction = rng.standard_normal((2, 3, 4))
    h = 1e-6
    difference = regularizer.penalty(w + h * direction) - regularizer.penalty(w - h * direction)
    slope = (regularizer.gradient(w) * direction).sum()
    assert difference / (2 * h) == pytest.approx(slope, rel=1e-6)


@pytest.mark.parametrize("factor", [0.01, np.float64(0.01)], ids=["float", "float64"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", [L1, L2, lambda factor: L1L2(factor, factor)])
def test_dtype_stays(kind, dtype, factor):
    w = W.astype(dtype)
    assert kind(factor).penalty(w).dtype == dtype
    assert kind(factor).gradient(w).dtype == dtype
    np.testing.assert_array_equal(w, W)


def test_nan_propagates():
    w = np.array([1.0, np.nan])
    for regularizer in (L1(), L2()):
        assert math.isnan(regularizer.penalty(w))
        assert np.isnan(regularizer.gradient(w)).tolist() == [False, True]


def test_get():
    assert regularizers.get("l1") == regularizers.get("L1") == L1(0.01)
    assert regularizers.get("l2") == L2(0.01)
    assert regularizers.get("l1_l2") == regularizers.get("L1L2") == L1L2(0.0, 0.0)
    assert regularizers.get(None) is None
    instance = L2(0.5)
    assert regularizers.get(instance) is instance


def test_get_proposes_the_nearest_name():
    with pytest.raises(UnknownNameError, match=r"unknown regularizer 'L3'.*known: l1, l1_l2, l2"):
        regularizers.get("L3")


@pytest.mark.parametrize("identifier", [L2, 0.01, len])
def test_get_refuses_what_is_no_regularizer(identifier):
    with pytest.raises(TypeError, match="a name or an instance such as"):
        regularizers.get(identifier)


@pytest.mark.parametrize("factor", [-0.1, math.nan, math.inf, "a", True])
def test_factors_are_finite_and_not_negative(factor):
    for make in (L1, L2, lambda f: L1L2(f, 0.0), lambda f: L1L2(0.0, f)):
        with pytest.raises(ValueError, match=r"L\S+ l[12]: expected a finite number >= 0"):
            make(factor)
