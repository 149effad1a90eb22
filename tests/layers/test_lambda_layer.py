from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnscratch.core.errors import DTypeError, ShapeError
from nnscratch.core.graph import Input
from nnscratch.core.run import run_layer
from nnscratch.layers import Lambda
from nnscratch.layers.arguments import ArgumentError
from nnscratch.layers.custom import DerivativeError, samples
from tests.backends import BACKEND


def test_a_function_with_its_derivative(rng: np.random.Generator) -> None:
    layer = Lambda(lambda x: x**2, lambda dy, x: dy * 2 * x)
    x, dy = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 3, 4))
    call = run_layer(layer, x, dy, backend=BACKEND)
    np.testing.assert_array_equal(call.output, x**2)
    np.testing.assert_array_equal(call.input_gradients[0], dy * 2 * x)


def test_several_inputs_and_another_output_shape(rng: np.random.Generator) -> None:
    layer = Lambda(
        lambda a, b: np.sum(a * b, axis=-1, keepdims=True), lambda dy, a, b: (dy * b, dy * a)
    )
    assert layer.spec((3, 4), (3, 4)).output_shape == (3, 1)
    a, b = rng.standard_normal((2, 5, 3, 4))
    call = run_layer(layer, [a, b], np.ones((5, 3, 1)), backend=BACKEND)
    np.testing.assert_array_equal(call.input_gradients, (b, a))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_is_kept(dtype: Any) -> None:
    layer = Lambda(np.sin, lambda dy, x: dy * np.cos(x))
    x = np.ones((2, 3), dtype)
    call = run_layer(layer, x, x, backend=BACKEND)
    assert call.output.dtype == dtype
    (dx,) = call.input_gradients
    assert dx is not None
    assert dx.dtype == dtype


def test_a_wrong_derivative_is_refused_when_the_layer_is_connected() -> None:
    layer = Lambda(lambda x: x**2, lambda dy, x: dy * x)
    with pytest.raises(DerivativeError) as caught:
        layer(Input((3, 4)))
    message = str(caught.value)
    assert "backward is not the derivative of forward by input 0" in message
    assert "backward must return the gradient of sum(dy * forward(x)) by x" in message
    claimed, measured = (
        float(message.split(words)[1].split()[0].strip(",;"))
        for words in ("direction it gives ", "central differences ")
    )
    assert measured == pytest.approx(2 * claimed, rel=1e-4)


def test_the_input_with_the_wrong_derivative_is_named() -> None:
    layer = Lambda(lambda a, b: a * b, lambda dy, a, b: (dy * b, dy * b))
    with pytest.raises(DerivativeError, match="by input 1: along"):
        layer.spec((3,), (3,))


def test_a_derivative_that_forgets_dy_is_refused() -> None:
    with pytest.raises(DerivativeError, match="input 0"):
        Lambda(lambda x: 3 * x, lambda dy, x: np.full_like(x, 3.0)).spec((4,))


def test_a_derivative_that_is_wrong_below_0_only_is_refused() -> None:
    with pytest.raises(DerivativeError, match="input 0"):
        Lambda(np.abs, lambda dy, x: dy.copy()).spec((4,))


@pytest.mark.parametrize("distance", [5e-6, 5e-7])
def test_a_right_derivative_passes_in_spite_of_a_kink_nearby(distance: float) -> None:
    first, _ = samples([(3,)])
    kink = first[0][0, 0] + distance
    layer = Lambda(lambda x: np.abs(x - kink), lambda dy, x: dy * np.sign(x - kink))
    assert layer.spec((3,)).output_shape == (3,)


@pytest.mark.parametrize("function", [np.log, np.sqrt, np.arcsin])
def test_functions_that_live_on_positive_numbers_are_checked_there(function: Any) -> None:
    slopes = {
        "log": lambda x: 1 / x,
        "sqrt": lambda x: 0.5 / np.sqrt(x),
        "arcsin": lambda x: 1 / np.sqrt(1 - x * x),
    }
    slope = slopes[function.__name__]
    assert Lambda(function, lambda dy, x: dy * slope(x)).spec((3,)).output_shape == (3,)
    with pytest.raises(DerivativeError, match="input 0"):
        Lambda(function, lambda dy, x: -dy * slope(x)).spec((3,))


def test_what_cannot_be_checked_is_refused_unless_told_otherwise() -> None:
    def forward(x: Any) -> Any:
        return np.sqrt(x - 1000)

    def backward(dy: Any, x: Any) -> Any:
        return dy * 0.5 / np.sqrt(x - 1000)

    with pytest.raises(DerivativeError, match="not finite at any of the rows tried"):
        Lambda(forward, backward).spec((3,))
    assert Lambda(forward, backward, check=False).spec((3,)).output_shape == (3,)


def test_check_false_believes_the_derivative() -> None:
    straight_through = Lambda(np.round, lambda dy, x: dy, check=False)
    x, dy = np.array([[0.4, 0.6]]), np.array([[3.0, 5.0]])
    call = run_layer(straight_through, x, dy, backend=BACKEND)
    np.testing.assert_array_equal(call.output, [[0, 1]])
    np.testing.assert_array_equal(call.input_gradients[0], dy)


def test_mixing_the_rows_of_a_batch_works(rng: np.random.Generator) -> None:
    layer = Lambda(lambda x: x - x.mean(axis=0), lambda dy, x: dy - dy.mean(axis=0))
    x, dy = rng.standard_normal((2, 5, 3))
    call = run_layer(layer, x, dy, backend=BACKEND)
    np.testing.assert_allclose(call.input_gradients[0], dy - dy.mean(axis=0), rtol=1e-12)
    with pytest.raises(DerivativeError, match="input 0"):
        Lambda(lambda x: x - x.mean(axis=0), lambda dy, x: dy).spec((3,))


@pytest.mark.parametrize(
    ("forward", "got"),
    [
        (lambda x: x.sum(axis=0), r"2, got \(3,\)"),
        (np.sum, r"2, got \(\)"),
        (lambda x: x.sum(axis=0, keepdims=True), r"2, got \(1, 3\)"),
        (lambda x: (x, x), "2, got tuple"),
        (lambda x: None, "2, got NoneType"),
    ],
)
def test_a_forward_that_loses_the_batch_axis_is_refused(forward: Any, got: str) -> None:
    with pytest.raises(ShapeError, match=f"as many rows as it was given, {got}"):
        Lambda(forward, lambda dy, x: dy).spec((3,))


def test_a_forward_whose_rows_depend_on_their_number_is_refused() -> None:
    with pytest.raises(ShapeError, match="must not depend on how many there are"):
        Lambda(lambda x: x @ x.T, lambda dy, x: dy @ x, check=False).spec((3,))


def test_a_forward_that_changes_the_dtype_is_refused() -> None:
    with pytest.raises(DTypeError, match="forward read float64, returned float32"):
        Lambda(lambda x: x.astype(np.float32), lambda dy, x: dy).spec((3,))
    widens = Lambda(lambda x: x * np.float64(2), lambda dy, x: dy * 2)
    with pytest.raises(DTypeError, match="read float32, returned float64"):
        run_layer(widens, np.ones((1, 3), np.float32), backend=BACKEND)


@pytest.mark.parametrize(
    ("backward", "got"),
    [
        (lambda dy, x: dy[0], r"got \(3,\) float64"),
        (lambda dy, x: dy.astype(np.float32), r"got \(2, 3\) float32"),
        (lambda dy, x: (dy, dy), r"got \(2, 3\) float64, \(2, 3\) float64"),
        (lambda dy, x: None, "got None <class 'NoneType'>"),
    ],
)
def test_a_backward_that_returns_no_gradient_is_refused(backward: Any, got: str) -> None:
    with pytest.raises(ShapeError, match=f"one gradient for each input.*{got}"):
        Lambda(lambda x: 1 * x, backward).spec((3,))


def test_a_backward_that_widens_is_refused_when_it_runs() -> None:
    layer = Lambda(lambda x: 2 * x, lambda dy, x: dy * np.float64(2))
    x = np.ones((1, 3), np.float32)
    with pytest.raises(ShapeError, match=r"\(1, 3\) float32; got \(1, 3\) float64"):
        run_layer(layer, x, x, backend=BACKEND)


def test_a_function_that_writes_to_its_input_fails() -> None:
    def forward(x: Any) -> Any:
        x *= 2
        return x

    with pytest.raises(ValueError, match="read-only"):
        Lambda(forward, lambda dy, x: 2 * dy).spec((3,))


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(ArgumentError, match="Lambda forward: expected a function, got 'relu'"):
        Lambda("relu", lambda dy, x: dy)
    with pytest.raises(ArgumentError, match="Lambda backward: expected a function, got None"):
        Lambda(np.sin, None)


def test_it_is_shown_by_the_names_of_its_functions() -> None:
    assert repr(Lambda(np.sin, lambda dy, x: dy * np.cos(x))) == "Lambda(sin, <lambda>)"


def test_inputs_that_the_function_fails_on_are_named() -> None:
    layer = Lambda(lambda a, b: a @ b, lambda dy, a, b: (dy, dy))
    with pytest.raises(ShapeError, match=r"forward fails on \(2, 3\) float64, \(2, 3\) float64: "):
        layer.spec((3,), (3,))
