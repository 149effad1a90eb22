from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnscratch.core.errors import ShapeError
from nnscratch.core.run import run_layer
from nnscratch.kernels.ops import Array
from nnscratch.layers import GroupNormalization, LayerNormalization
from nnscratch.layers.arguments import ArgumentError
from tests.backends import BACKEND, host
from tests.layers.test_torch_parity import compare, nhwc


def normalized(layer: Any, x: Array, **params: Array) -> Array:
    plain = {"gamma": 1.0, "beta": 0.0} | params
    shapes = {name: param.shape for name, param in layer.spec(x.shape[1:]).params.items()}
    values = {name: np.broadcast_to(plain[name], shape) for name, shape in shapes.items()}
    y: Array = host(run_layer(layer, x, params=values, backend=BACKEND).output)
    return y


def test_a_vector_by_hand() -> None:
    y = normalized(LayerNormalization(epsilon=1), np.array([[1.0, 2, 3, 4]]))
    np.testing.assert_allclose(y, [np.array([-1.5, -0.5, 0.5, 1.5]) / 1.5])


@pytest.mark.parametrize(
    ("axis", "own"), [(-1, (3,)), (1, (1,)), ((1, 3), (1, 3)), ((-1, 1, 2), (1, 2, 3))]
)
def test_the_moments_are_taken_along_the_axes(
    rng: np.random.Generator, axis: Any, own: tuple[int, ...]
) -> None:
    x = 3 + 2 * rng.standard_normal((2, 4, 5, 6))
    layer = LayerNormalization(axis, epsilon=0)
    y = normalized(layer, x)
    np.testing.assert_allclose(y.mean(axis=own), 0, atol=1e-12)
    np.testing.assert_allclose(y.std(axis=own), 1)
    expected = (x - x.mean(axis=own, keepdims=True)) / x.std(axis=own, keepdims=True)
    np.testing.assert_allclose(y, expected)
    assert layer.spec(x.shape[1:]).params["gamma"].shape == tuple(x.shape[a] for a in own)


def test_weights_belong_to_the_axes(rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 4, 5))
    gamma, beta = rng.standard_normal(4), rng.standard_normal(4)
    layer = LayerNormalization(axis=1)
    y = normalized(layer, x, gamma=gamma, beta=beta)
    np.testing.assert_allclose(y, normalized(layer, x) * gamma[:, None] + beta[:, None])


@pytest.mark.parametrize("groups", [1, 2, 6, -1])
def test_a_group_is_normalised_with_all_places(rng: np.random.Generator, groups: int) -> None:
    x = 3 + 2 * rng.standard_normal((2, 4, 5, 6))
    y = normalized(GroupNormalization(groups, epsilon=0), x)
    parts = y.reshape(2, 20, 6 if groups == -1 else groups, -1)
    np.testing.assert_allclose(parts.mean(axis=(1, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(parts.std(axis=(1, 3)), 1)


def test_training_makes_no_difference(rng: np.random.Generator) -> None:
    x = rng.standard_normal((3, 4))
    layer = LayerNormalization()
    training = run_layer(layer, x, backend=BACKEND, training=True).output
    np.testing.assert_array_equal(
        training, run_layer(layer, x, backend=BACKEND, training=False).output
    )


def test_bad_arguments() -> None:
    with pytest.raises(ArgumentError, match="0 is the batch axis"):
        LayerNormalization(axis=(0, 1))
    with pytest.raises(ArgumentError, match="expected one axis or several, got none"):
        LayerNormalization(axis=())
    with pytest.raises(ShapeError, match="axis 2 is not one of the axes"):
        LayerNormalization(axis=2).spec((3,))
    with pytest.raises(ShapeError, match="6 channels do not divide into 4 groups"):
        GroupNormalization(4).spec((2, 2, 6))
    with pytest.raises(ArgumentError, match="GroupNormalization groups"):
        GroupNormalization(0)


@pytest.mark.parity
def test_layer_normalization_against_pytorch(rng: np.random.Generator) -> None:
    import torch.nn.functional as functional

    x = 2 + 3 * rng.standard_normal((3, 4, 5))
    params = {"gamma": rng.standard_normal((4, 5)), "beta": rng.standard_normal((4, 5))}
    compare(
        LayerNormalization(axis=(1, 2), epsilon=1e-5),
        lambda x, gamma, beta: functional.layer_norm(x, (4, 5), gamma, beta, 1e-5),
        x,
        params,
    )


@pytest.mark.parity
@pytest.mark.parametrize("groups", [1, 3, 6])
def test_group_normalization_against_pytorch(rng: np.random.Generator, groups: int) -> None:
    import torch.nn.functional as functional

    def theirs(x: Any, gamma: Any, beta: Any) -> Any:
        y = functional.group_norm(x.permute(0, 3, 1, 2), groups, gamma, beta, 1e-5)
        return nhwc(y)

    x = 2 + 3 * rng.standard_normal((3, 4, 5, 6))
    params = {"gamma": rng.standard_normal(6), "beta": rng.standard_normal(6)}
    compare(GroupNormalization(groups, epsilon=1e-5), theirs, x, params)
