from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnscratch import constraints, regularizers
from nnscratch.core.context import Context
from nnscratch.core.errors import ShapeError
from nnscratch.core.run import run_layer
from nnscratch.kernels.ops import Array
from nnscratch.layers import BatchNormalization, UnitNormalization
from nnscratch.layers.arguments import ArgumentError
from tests.backends import BACKEND, host, there


@pytest.fixture
def weights(rng: np.random.Generator) -> dict[str, Array]:
    """Weights of three channels."""
    return {
        "gamma": rng.uniform(0.5, 2, 3),
        "beta": rng.standard_normal(3),
        "moving_mean": rng.standard_normal(3),
        "moving_variance": rng.uniform(0.5, 2, 3),
    }


AXES = [(-1, (4, 5, 3)), (3, (4, 5, 3)), (1, (3, 4, 5)), (-2, (4, 3, 5)), (-1, (3,))]


@pytest.mark.parametrize(("axis", "shape"), AXES)
def test_training_normalises_by_the_moments_of_the_batch(
    rng: np.random.Generator, weights: dict[str, Array], axis: int, shape: tuple[int, ...]
) -> None:
    x = 7 + 3 * rng.standard_normal((6, *shape))
    call = run_layer(BatchNormalization(axis), x, params=weights, backend=BACKEND)
    last, y = (np.moveaxis(a, axis, -1) for a in (x, call.output))  # (..., 3)
    others = tuple(range(last.ndim - 1))
    mean, variance = last.mean(axis=others), last.var(axis=others)
    xhat = (last - mean) / np.sqrt(variance + 1e-3)
    np.testing.assert_allclose(y, weights["gamma"] * xhat + weights["beta"], rtol=1e-10)
    moved = call.state_out
    expected = 0.99 * weights["moving_mean"] + 0.01 * mean
    np.testing.assert_allclose(moved["moving_mean"], expected, rtol=1e-12)
    expected = 0.99 * weights["moving_variance"] + 0.01 * variance
    np.testing.assert_allclose(moved["moving_variance"], expected, rtol=1e-12)


@pytest.mark.parametrize(("axis", "shape"), AXES)
def test_inference_normalises_by_the_moving_averages_and_leaves_them(
    rng: np.random.Generator, weights: dict[str, Array], axis: int, shape: tuple[int, ...]
) -> None:
    x = rng.standard_normal((6, *shape))
    layer = BatchNormalization(axis)
    call = run_layer(layer, x, params=weights, backend=BACKEND, training=False)
    last, y = (np.moveaxis(a, axis, -1) for a in (x, call.output))  # (..., 3)
    xhat = (last - weights["moving_mean"]) / np.sqrt(weights["moving_variance"] + 1e-3)
    np.testing.assert_allclose(y, weights["gamma"] * xhat + weights["beta"], rtol=1e-10)
    assert call.state_out is call.state_in


def test_the_variance_is_the_biased_one() -> None:
    x = np.array([[1.0], [2.0], [3.0], [4.0]])
    call = run_layer(BatchNormalization(momentum=0), x, backend=BACKEND)
    assert call.state_out["moving_variance"] == [1.25]
    assert call.state_out["moving_mean"] == [2.5]


def test_a_frozen_layer_infers_in_training(
    rng: np.random.Generator, weights: dict[str, Array], ctx: Context
) -> None:
    weights = {name: there(value) for name, value in weights.items()}
    params = {name: weights.pop(name) for name in ("gamma", "beta")}
    x, dy = there(rng.standard_normal((6, 3))), there(rng.standard_normal((6, 3)))
    layer = BatchNormalization()
    frozen = ctx._replace(frozen=True)
    y, cache, moved = layer.forward(frozen, params, weights, x)
    inferred = layer.forward(ctx._replace(training=False), params, weights, x)
    np.testing.assert_array_equal(y, inferred.y)
    assert not moved
    factor = params["gamma"] / np.sqrt(weights["moving_variance"] + 1e-3)
    gradients = layer.backward(frozen, params, cache, dy)
    np.testing.assert_allclose(gradients.inputs[0], dy * factor, rtol=1e-12)
    assert layer.forward(ctx, params, weights, x).state


def test_a_constant_channel_gives_beta_and_no_gradient() -> None:
    x, dy = np.full((4, 2), 3.0), np.arange(8.0).reshape(4, 2)
    params = {"beta": np.array([5.0, 6.0])}
    call = run_layer(BatchNormalization(), x, dy, params=params, backend=BACKEND)
    np.testing.assert_array_equal(call.output, [[5, 6]] * 4)
    assert not call.param_gradients["gamma"].any()


def test_weights_come_in_keras_order() -> None:
    names = ["gamma", "beta", "moving_mean", "moving_variance"]
    params = BatchNormalization().spec((4, 3)).params
    assert list(params) == names
    assert [param.trainable for param in params.values()] == [True, True, False, False]
    assert {param.shape for param in params.values()} == {(3,)}
    assert list(BatchNormalization(center=False).spec((3,)).params) == [names[0], *names[2:]]
    assert list(BatchNormalization(scale=False).spec((3,)).params) == names[1:]


def test_weights_are_declared_with_what_was_asked_for(rng: np.random.Generator) -> None:
    layer = BatchNormalization(
        beta_initializer="ones",
        gamma_initializer="zeros",
        moving_mean_initializer="ones",
        moving_variance_initializer="zeros",
        beta_regularizer=(l1 := regularizers.L1(0.1)),
        gamma_regularizer=(l2 := regularizers.L2(0.1)),
        beta_constraint=(positive := constraints.NonNeg()),
        gamma_constraint=(norm := constraints.MaxNorm(1)),
    )
    params = layer.spec((3,)).params
    first = {name: param.initializer(param.shape, rng)[0] for name, param in params.items()}
    assert first == {"gamma": 0, "beta": 1, "moving_mean": 1, "moving_variance": 0}
    assert (params["beta"].regularizer, params["beta"].constraint) == (l1, positive)
    assert (params["gamma"].regularizer, params["gamma"].constraint) == (l2, norm)


@pytest.mark.parametrize(("center", "scale"), [(True, False), (False, True), (False, False)])
def test_without_gamma_or_beta(rng: np.random.Generator, center: bool, scale: bool) -> None:
    x, dy = rng.standard_normal((6, 3)), rng.standard_normal((6, 3))
    layer = BatchNormalization(center=center, scale=scale)
    bare, full = (run_layer(a, x, dy, backend=BACKEND) for a in (layer, BatchNormalization()))
    np.testing.assert_array_equal(bare.output, full.output)
    np.testing.assert_array_equal(bare.input_gradients[0], full.input_gradients[0])
    for name, has in (("beta", center), ("gamma", scale)):
        assert (name in bare.param_gradients) is has


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"axis": 0}, "BatchNormalization axis: 0 is the batch axis"),
        ({"axis": [1]}, r"BatchNormalization axis: expected a whole number, got \[1\]"),
        ({"momentum": 1.01}, "BatchNormalization momentum: .* >= 0 and <= 1, got 1.01"),
        ({"momentum": -0.1}, "BatchNormalization momentum: .* got -0.1"),
        ({"epsilon": -1e-3}, "BatchNormalization epsilon: .* >= 0, got -0.001"),
        ({"center": 1}, "BatchNormalization center: expected True or False, got 1"),
        ({"scale": None}, "BatchNormalization scale: expected True or False, got None"),
    ],
)
def test_nonsense_is_refused_when_the_layer_is_made(
    arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ArgumentError, match=message):
        BatchNormalization(**arguments)


@pytest.mark.parametrize("layer", [BatchNormalization(3), UnitNormalization(3)])
def test_inputs_without_the_axis_are_refused(layer: Any) -> None:
    with pytest.raises(ShapeError, match=r"axis 3 is not one of the axes .* \(N, 4, 5\)"):
        layer.spec((4, 5))


@pytest.mark.parametrize("axis", [-1, 1])
def test_unit_normalization_gives_vectors_of_length_1(rng: np.random.Generator, axis: int) -> None:
    x = rng.standard_normal((4, 5, 3))
    y = host(run_layer(UnitNormalization(axis), x, backend=BACKEND).output)
    np.testing.assert_allclose(np.linalg.norm(y, axis=axis), 1, rtol=1e-12)
    np.testing.assert_allclose(y * np.linalg.norm(x, axis=axis, keepdims=True), x, rtol=1e-12)


def test_unit_normalization_divides_short_vectors_by_a_constant() -> None:
    x, dy = np.array([[0.0, 0.0], [3e-7, 4e-7]]), np.array([[1.0, 2.0], [3.0, 4.0]])
    call = run_layer(UnitNormalization(), x, dy, backend=BACKEND)
    np.testing.assert_allclose(call.output, x / 1e-6, rtol=1e-12)
    np.testing.assert_allclose(call.input_gradients[0], dy / 1e-6, rtol=1e-12)
