from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnscratch.core.errors import ShapeError
from nnscratch.core.run import run_layer
from nnscratch.kernels.ops import Array
from nnscratch.layers import GaussianNoise, SpatialDropout2D
from nnscratch.layers.arguments import ArgumentError
from tests.backends import BACKEND, host, there


def output(layer: Any, x: Array, **arguments: Any) -> Array:
    y: Array = host(run_layer(layer, x, backend=BACKEND, **arguments).output)
    return y


def test_a_channel_is_dropped_as_a_whole() -> None:
    y = output(SpatialDropout2D(0.25), np.ones((100, 3, 2, 40)))
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1, :1], y.shape))
    assert set(np.unique(y)) == {0, 1 / 0.75}
    assert abs(np.mean(y[:, 0, 0] == 0) - 0.25) < 0.03  # 4000 draws


def test_what_is_dropped_leaves_no_trace() -> None:
    x = np.full((2, 1, 1, 20), np.inf)
    assert set(np.unique(output(SpatialDropout2D(0.5), x))) == {0, np.inf}


def test_noise_is_normal() -> None:
    noise = output(GaussianNoise(0.5), np.full((100, 201), 7.0)) - 7
    assert abs(noise.mean()) < 0.02
    assert noise.std() == pytest.approx(0.5, rel=0.02)
    assert np.mean(np.abs(noise) < 0.5) == pytest.approx(0.6827, abs=0.01)
    assert len(np.unique(noise)) == noise.size
    left, right = noise[:, :-1].ravel(), noise[:, 1:].ravel()
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.02


@pytest.mark.parametrize("layer", [SpatialDropout2D, GaussianNoise])
def test_what_is_drawn_is_a_function_of_the_run_and_of_the_layers_own_seed(layer: Any) -> None:
    x = np.ones((10, 2, 2, 8))
    first = output(layer(0.5), x)
    np.testing.assert_array_equal(first, output(layer(0.5), x))
    np.testing.assert_array_equal(first, run_layer(layer(0.5), x, backend="numba").output)
    assert (output(layer(0.5, seed=7), x) != first).any()
    assert (output(layer(0.5), x, seed=1) != first).any()


@pytest.mark.parametrize("layer", [SpatialDropout2D(0.5), GaussianNoise(0.5)], ids=repr)
def test_inference_is_the_identity(layer: Any) -> None:
    x = there(np.ones((2, 2, 2, 3)))
    assert run_layer(layer, x, backend=BACKEND, training=False).output is x


def test_bad_arguments() -> None:
    with pytest.raises(ArgumentError, match="SpatialDropout2D rate"):
        SpatialDropout2D(1)
    with pytest.raises(ArgumentError, match="GaussianNoise stddev: expected a finite number >= 0"):
        GaussianNoise(-1)
    with pytest.raises(ArgumentError, match="GaussianNoise seed"):
        GaussianNoise(1, seed=-1)
    with pytest.raises(ShapeError, match="expected images"):
        SpatialDropout2D(0.5).spec((3,))
