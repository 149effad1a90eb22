from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnscratch import constraints, regularizers
from nnscratch.core.errors import ShapeError, UnknownNameError
from nnscratch.core.layer import Layer
from nnscratch.core.run import run_layer
from nnscratch.kernels.ops import Array
from nnscratch.layers import (
    ELU,
    Activation,
    Dense,
    Flatten,
    LeakyReLU,
    Linear,
    PReLU,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    activations,
)
from nnscratch.layers.arguments import ArgumentError
from tests.backends import BACKEND, there

INF = np.inf


def forward(layer: Layer, *x: float) -> list[float]:
    y: list[float] = run_layer(layer, np.array([x], float), backend=BACKEND).output[0].tolist()
    return y


def slope(layer: Layer, *x: float) -> list[float]:
    (dx,) = run_layer(
        layer, np.array([x], float), np.ones((1, len(x))), backend=BACKEND
    ).input_gradients
    assert dx is not None
    slopes: list[float] = dx[0].tolist()
    return slopes


def test_relu() -> None:
    assert forward(ReLU(), -2, 0, 3) == [0, 0, 3]
    assert slope(ReLU(), -2, 0, 3) == [0, 0, 1]


def test_relu_with_all_its_arguments() -> None:
    layer = ReLU(max_value=6, negative_slope=0.5, threshold=1)
    assert forward(layer, -3, 0, 1, 2, 6, 9) == [-2, -0.5, 1, 2, 6, 6]
    assert slope(layer, -3, 0, 1, 2, 6, 9) == [0.5, 0.5, 0.5, 1, 0, 0]


def test_relu_of_infinity_is_no_nan() -> None:
    assert forward(ReLU(), -INF, INF) == [0, INF]


def test_leaky_relu_leaks_three_tenths_as_a_layer_and_two_by_name() -> None:
    by_name = activations.get("leaky_relu")
    assert by_name is not None
    assert forward(LeakyReLU(), -10, 0, 2) == [-3, 0, 2]
    assert forward(by_name, -10, 0, 2) == [-2, 0, 2]
    assert slope(LeakyReLU(0.25), -1, 0, 1) == [0.25, 0.25, 1]


def test_elu() -> None:
    np.testing.assert_allclose(forward(ELU(2.0), -1, 0, 3), [2 * np.expm1(-1), 0, 3], rtol=1e-14)
    np.testing.assert_allclose(slope(ELU(2.0), -1, 3), [2 * np.exp(-1), 1], rtol=1e-14)
    assert slope(ELU(), 0) == [1]


def test_squashing_functions_stay_finite_far_out() -> None:
    assert forward(Sigmoid(), -1e4, 0, 1e4) == [0, 0.5, 1]
    assert slope(Sigmoid(), -1e4, 0, 1e4) == [0, 0.25, 0]
    assert forward(Tanh(), -1e4, 0, 1e4) == [-1, 0, 1]
    assert slope(Tanh(), -1e4, 0, 1e4) == [0, 1, 0]
    assert forward(Softmax(), 1e4, 0) == [1, 0]


@pytest.mark.parametrize("axis", [-1, 1, 2, -2])
def test_softmax_sums_to_one_along_its_axis(rng: np.random.Generator, axis: int) -> None:
    x = rng.standard_normal((3, 4, 5))
    y = run_layer(Softmax(axis), x, backend=BACKEND).output
    expected = np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)
    np.testing.assert_allclose(y, expected, rtol=1e-12)


def test_linear_is_the_identity(rng: np.random.Generator) -> None:
    x, dy = there(rng.standard_normal((2, 3))), there(rng.standard_normal((2, 3)))
    for layer in (Linear(), Activation("linear")):
        assert layer.aliases
        call = run_layer(layer, x, dy, backend=BACKEND)
        assert call.output is x
        assert call.input_gradients[0] is dy


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("relu", ReLU()),
        ("leaky_relu", LeakyReLU(0.2)),
        ("elu", ELU()),
        ("sigmoid", Sigmoid()),
        ("tanh", Tanh()),
        ("softmax", Softmax()),
    ],
)
def test_activation_is_the_layer_of_that_name(
    rng: np.random.Generator, name: str, layer: Layer
) -> None:
    x, dy = rng.standard_normal((3, 5)), rng.standard_normal((3, 5))
    named, own = (run_layer(a, x, dy, backend=BACKEND) for a in (Activation(name), layer))
    np.testing.assert_array_equal(named.output, own.output)
    np.testing.assert_array_equal(named.input_gradients[0], own.input_gradients[0])
    assert not Activation(name).aliases


def test_activations_by_name() -> None:
    layer = Flatten()
    assert activations.get(layer) is layer
    assert activations.get(None) is None
    assert activations.get("linear") is None
    with pytest.raises(UnknownNameError, match="unknown activation 'sigmoyd': did you mean 'sigmo"):
        activations.get("sigmoyd")
    with pytest.raises(ArgumentError, match=r"expected a name or a layer .* got .*ReLU"):
        activations.get(ReLU)


def prelu(layer: PReLU, x: Array, alpha: Array, dy: Array) -> Any:
    return run_layer(layer, x, dy, params={"alpha": alpha}, backend=BACKEND)


def test_prelu_learns_a_slope_for_each_element(rng: np.random.Generator) -> None:
    x, dy = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 3, 4))
    alpha = rng.standard_normal((3, 4))
    call = prelu(PReLU(), x, alpha, dy)
    np.testing.assert_array_equal(call.output, np.where(x > 0, x, alpha * x))
    np.testing.assert_array_equal(call.input_gradients[0], np.where(x > 0, dy, alpha * dy))
    expected = (dy * np.minimum(x, 0)).sum(axis=0)
    np.testing.assert_allclose(call.param_gradients["alpha"], expected, rtol=1e-12)


def test_prelu_shares_slopes_over_space(rng: np.random.Generator) -> None:
    layer = PReLU(shared_axes=[1, 2])
    assert layer.spec((4, 5, 3)).params["alpha"].shape == (1, 1, 3)
    x, dy = rng.standard_normal((2, 4, 5, 3)), rng.standard_normal((2, 4, 5, 3))
    alpha = rng.standard_normal((1, 1, 3))
    call = prelu(layer, x, alpha, dy)
    np.testing.assert_array_equal(call.output, np.where(x > 0, x, alpha * x))
    expected = (dy * np.minimum(x, 0)).sum(axis=(0, 1, 2)).reshape(1, 1, 3)
    np.testing.assert_allclose(call.param_gradients["alpha"], expected, rtol=1e-12)


def test_prelu_starts_as_a_relu_with_a_weight_of_its_own() -> None:
    penalty, positive = regularizers.L2(0.1), constraints.NonNeg()
    alpha = PReLU(alpha_regularizer=penalty, alpha_constraint=positive).spec((4, 4, 8)).params
    assert alpha["alpha"].shape == (4, 4, 8)
    assert (alpha["alpha"].regularizer, alpha["alpha"].constraint) == (penalty, positive)
    assert forward(PReLU(), -3, 0, 2) == [0, 0, 2]
    assert PReLU(shared_axes=2).spec((4, 4, 8)).params["alpha"].shape == (4, 1, 8)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ReLU(max_value=-1), "ReLU max_value: expected a finite number >= 0, got -1"),
        (lambda: ReLU(max_value=1, threshold=2), "ReLU max_value: .* >= 2, got 1"),
        (lambda: ReLU(negative_slope=-0.1), "ReLU negative_slope: .* >= 0, got -0.1"),
        (lambda: ReLU(threshold=None), "ReLU threshold: .* got None"),
        (lambda: LeakyReLU(-0.1), "LeakyReLU negative_slope: .* >= 0, got -0.1"),
        (lambda: ELU(np.nan), "ELU alpha: expected a finite number > 0, got nan"),
        (lambda: ELU(0), "ELU alpha: .* > 0, got 0"),
        (lambda: Softmax(0), "Softmax axis: 0 is the batch axis"),
        (lambda: Softmax(1.0), "Softmax axis: expected a whole number, got 1.0"),
        (lambda: PReLU(shared_axes=[1, 1]), r"PReLU shared_axes: expected different .* \[1, 1\]"),
        (lambda: PReLU(shared_axes=[0]), "PReLU shared_axes: expected a whole number >= 1, got 0"),
        (lambda: Activation(Dense(2, "relu")), "'relu'.* has an activation of its own"),
        (lambda: Dense(2, Dense(2, "relu")), "'relu'.* has an activation of its own"),
    ],
)
def test_nonsense_is_refused_when_the_layer_is_made(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Softmax(3), r"Softmax\(axis=3\): axis 3 is not one of the axes .* \(N, 4, 5\)"),
        (Softmax(-3), r"axis -3 is not one of the axes after the batch axis"),
        (PReLU(shared_axes=[3]), "axis 3 is not one of the axes"),
    ],
)
def test_inputs_without_the_axis_are_refused(layer: Layer, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        layer.spec((4, 5))


@pytest.mark.parametrize(
    "layer",
    [
        ReLU(),
        ReLU(max_value=6, threshold=1),
        ReLU(max_value=6, negative_slope=0.3),
        LeakyReLU(0.001),
        ELU(),
        ELU(0.001),
        ELU(3.0),
        Sigmoid(),
        Tanh(),
        Activation("tanh"),
    ],
    ids=repr,
)
def test_is_saturated_where_its_slope_is_a_hundredth_of_the_largest(layer: Layer) -> None:
    assert layer.saturation is not None
    low, high = layer.saturation
    x = np.linspace(-9, 9, 7000)  # not at the kink itself
    y, slopes = np.array(forward(layer, *x)), np.array(slope(layer, *x))
    saturated = (y <= low) | (y >= high)
    np.testing.assert_array_equal(saturated, slopes < max(slopes) / 100)
    assert 0 < np.mean(saturated) < 1


@pytest.mark.parametrize(
    "layer", [Linear(), LeakyReLU(), ReLU(negative_slope=0.5), PReLU(), Dense(3)]
)
def test_is_never_saturated(layer: Layer) -> None:
    assert layer.saturation is None


def test_softmax_is_saturated_in_a_class_that_is_certain_or_excluded() -> None:
    assert Softmax().saturation is not None
    low, high = Softmax().saturation
    y = np.array(forward(Softmax(), 0, 7, 0))
    np.testing.assert_array_equal((y <= low) | (y >= high), [True, True, True])
    assert low < min(forward(Softmax(), 0, 5, 0))
