"""exp, expm1, sigmoid and tanh against extended precision, and the operations made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nnscratch.kernels import resolve
from nnscratch.kernels.numba import vectormath
from nnscratch.kernels.numba.jit import compiled
from nnscratch.kernels.ops import Array

every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def over_an_array(function: Callable[[Any], Any]) -> Callable[[Array], Array]:
    @compiled()
    def fill(x: Array, y: Array) -> None:
        for i in range(y.size):
            y[i] = function(x[i])

    def apply(x: Array) -> Array:
        y = np.empty_like(x)
        fill(x, y)
        return y

    return apply


def exact_sigmoid(x: Array) -> Array:
    power = np.exp(-abs(x))
    return np.where(x >= 0, 1, power) / (1 + power)


def below(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda x: function(-abs(x))


FUNCTIONS = {
    "exp": (over_an_array(vectormath.exp), np.exp, 1.1),
    "expm1 of -|x|": (below(over_an_array(vectormath.expm1)), below(np.expm1), 2.0),
    "sigmoid": (over_an_array(vectormath.sigmoid), exact_sigmoid, 2.6),
    "tanh": (over_an_array(vectormath.tanh), np.tanh, 2.6),
}
every_function = pytest.mark.parametrize("name", FUNCTIONS)


def numbers(dtype: type[np.floating[Any]]) -> Array:
    """Evenly spread, of every magnitude down to subnormal ones, and where n jumps to the next."""
    rng = np.random.default_rng(7)
    info = np.finfo(dtype)
    limit = np.log(float(info.max)) * 1.2
    magnitudes = np.exp(rng.uniform(np.log(float(info.smallest_subnormal)), np.log(limit), 100_000))
    thresholds = (np.arange(-1100, 1100) / 2 * np.log(2))[:, None] + np.linspace(-1e-6, 1e-6, 21)
    x = np.concatenate(
        [rng.uniform(-limit, limit, 100_000), magnitudes, -magnitudes, thresholds.ravel()]
    )
    return x.astype(dtype)


def ulps(got: Array, exact: Array) -> Array:
    """Errors in units of the last place of the exact results, rounded to `got`'s dtype."""
    with np.errstate(over="ignore", under="ignore"):
        rounded = exact.astype(got.dtype)
    finite = np.isfinite(rounded)
    np.testing.assert_array_equal(got[~finite], rounded[~finite])
    error = np.abs(got.astype(np.longdouble) - exact)[finite]
    return np.asarray(error / np.spacing(np.abs(rounded[finite])), np.float64)


@every_function
@every_dtype
def test_errors_are_a_few_units_in_the_last_place(name: str, dtype: type[np.floating[Any]]) -> None:
    function, exact, bound = FUNCTIONS[name]
    x = numbers(dtype)
    with np.errstate(over="ignore", under="ignore"):
        assert ulps(function(x), exact(x.astype(np.longdouble))).max() < bound


@every_function
@every_dtype
def test_the_ends_of_the_range(name: str, dtype: type[np.floating[Any]]) -> None:
    function, exact, _ = FUNCTIONS[name]
    info = np.finfo(dtype)
    x = np.array([np.nan, np.inf, -np.inf, 0.0, info.max, info.min, info.tiny], dtype)
    with np.errstate(over="ignore", under="ignore"):
        np.testing.assert_array_equal(function(x), exact(x))


@every_dtype
def test_exp_underflows_gradually(dtype: type[np.floating[Any]]) -> None:
    exp, _, _ = FUNCTIONS["exp"]
    info = np.finfo(dtype)
    x = np.linspace(np.log(float(info.smallest_subnormal)) - 1, np.log(float(info.tiny)), 1001)
    y = exp(x.astype(dtype))
    assert (np.diff(y) >= 0).all()
    assert y[0] == 0
    assert ((y > 0) & (y < info.tiny)).sum() > 900


@every_dtype
def test_tanh_keeps_the_sign_of_zero(dtype: type[np.floating[Any]]) -> None:
    tanh, _, _ = FUNCTIONS["tanh"]
    np.testing.assert_array_equal(np.signbit(tanh(np.array([-0.0, 0.0], dtype))), [True, False])


@every_function
@every_dtype
def test_a_number_s_place_does_not_matter(name: str, dtype: type[np.floating[Any]]) -> None:
    """Vector code and the scalar code for what is left over give the same bits."""
    function, _, _ = FUNCTIONS[name]
    x = np.random.default_rng(9).normal(size=1000).astype(dtype)
    alone = np.concatenate([function(x[i : i + 1]) for i in range(x.size)])
    np.testing.assert_array_equal(function(x), alone)


@every_dtype
def test_elu_and_tanh_keep_the_digits_of_small_numbers(dtype: type[np.floating[Any]]) -> None:
    ops = resolve("numba").ops
    x = -np.geomspace(float(np.finfo(dtype).tiny), 1e-2, 1000).astype(dtype)
    exact = x.astype(np.longdouble)
    assert ulps(ops.elu(x, 1.0), np.expm1(exact)).max() < 2.0
    assert ulps(ops.tanh(x), np.tanh(exact)).max() < 2.6
