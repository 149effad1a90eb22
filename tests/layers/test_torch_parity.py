"""Forward and backward against PyTorch, in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nnscratch.core.layer import Layer
from nnscratch.core.run import run_layer
from nnscratch.core.tape import Call
from nnscratch.kernels.ops import Array
from nnscratch.layers import (
    ELU,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    LeakyReLU,
    MaxPooling2D,
    PReLU,
    Softmax,
)
from tests.backends import BACKEND

pytestmark = pytest.mark.parity


@pytest.fixture
def functional() -> Any:
    import torch.nn.functional

    return torch.nn.functional


def nhwc(x: Any) -> Any:
    return x.permute(0, 2, 3, 1)


def compare(
    layer: Layer,
    theirs: Callable[..., Any],
    x: Array,
    params: dict[str, Array] | None = None,
    **arguments: Any,
) -> Call:
    """Run both on the same arrays: `theirs` maps tensors of x and the weights to y."""
    import torch

    params = params or {}
    y = run_layer(layer, x, params=params, backend=BACKEND, **arguments).output
    dy = np.random.default_rng(1).standard_normal(y.shape)
    ours = run_layer(layer, x, dy, params=params, backend=BACKEND, **arguments)
    tensors = {n: torch.tensor(v, requires_grad=True) for n, v in {"x": x, **params}.items()}
    expected = theirs(**tensors)
    np.testing.assert_allclose(ours.output, expected.detach().numpy(), rtol=1e-9, atol=1e-12)
    expected.backward(torch.tensor(dy))
    close = {"rtol": 1e-9, "atol": 1e-11}
    np.testing.assert_allclose(ours.input_gradients[0], tensors["x"].grad.numpy(), **close)
    for name, gradient in ours.param_gradients.items():
        np.testing.assert_allclose(gradient, tensors[name].grad.numpy(), **close)
    return ours


@pytest.mark.parametrize(
    ("size", "strides", "dilation", "groups"),
    [
        ((3, 3), (1, 1), (1, 1), 1),
        ((2, 4), (2, 1), (1, 1), 1),
        ((3, 2), (1, 2), (2, 1), 2),
        ((2, 2), (2, 3), (2, 2), 4),
    ],
)
def test_conv2d(
    rng: np.random.Generator,
    functional: Any,
    size: tuple[int, int],
    strides: tuple[int, int],
    dilation: tuple[int, int],
    groups: int,
) -> None:
    def theirs(x: Any, kernel: Any, bias: Any) -> Any:
        y = functional.conv2d(
            x.permute(0, 3, 1, 2), kernel.permute(3, 2, 0, 1), bias, strides, 0, dilation, groups
        )
        return nhwc(y)

    params = {
        "kernel": rng.standard_normal((*size, 4 // groups, 8)),
        "bias": rng.standard_normal(8),
    }
    layer = Conv2D(8, size, strides, dilation_rate=dilation, groups=groups)
    compare(layer, theirs, rng.standard_normal((3, 9, 8, 4)), params)


def test_dense(rng: np.random.Generator) -> None:
    params = {"kernel": rng.standard_normal((5, 4)), "bias": rng.standard_normal(4)}
    x = rng.standard_normal((6, 3, 5))
    compare(Dense(4), lambda x, kernel, bias: x @ kernel + bias, x, params)


@pytest.mark.parametrize(("size", "strides"), [((2, 2), (2, 2)), ((3, 2), (1, 2))])
def test_pooling(
    rng: np.random.Generator, functional: Any, size: tuple[int, int], strides: tuple[int, int]
) -> None:
    x = rng.standard_normal((3, 7, 6, 2))
    for layer, pool in (
        (MaxPooling2D(size, strides), functional.max_pool2d),
        (AveragePooling2D(size, strides), functional.avg_pool2d),
    ):
        compare(layer, lambda x, p=pool: nhwc(p(x.permute(0, 3, 1, 2), size, strides)), x)


@pytest.mark.parametrize("training", [True, False])
def test_batch_normalization(rng: np.random.Generator, functional: Any, training: bool) -> None:
    import torch

    x = 2 + 3 * rng.standard_normal((5, 4, 3, 6))
    mean, variance = rng.standard_normal(6), rng.uniform(0.5, 2, 6)
    moved = {"mean": torch.tensor(mean), "variance": torch.tensor(variance)}

    def theirs(x: Any, gamma: Any, beta: Any, **state: Any) -> Any:
        channels_first = x.permute(0, 3, 1, 2)
        y = functional.batch_norm(channels_first, *moved.values(), gamma, beta, training, 0.1, 1e-5)
        return nhwc(y)

    params = {
        "gamma": rng.standard_normal(6),
        "beta": rng.standard_normal(6),
        "moving_mean": mean,
        "moving_variance": variance,
    }
    layer = BatchNormalization(momentum=0.9, epsilon=1e-5)
    ours = compare(layer, theirs, x, params, training=training)
    if training:
        # PyTorch's running variance is the unbiased one, n / (n - 1) times ours.
        n = 5 * 4 * 3
        unbiased = 0.9 * variance + 0.1 * x.var(axis=(0, 1, 2)) * n / (n - 1)
        np.testing.assert_allclose(moved["variance"].numpy(), unbiased, rtol=1e-12)
        biased = ours.state_out["moving_variance"] - 0.9 * variance
        np.testing.assert_allclose(biased * n / (n - 1), unbiased - 0.9 * variance, rtol=1e-9)
        np.testing.assert_allclose(ours.state_out["moving_mean"], moved["mean"].numpy(), rtol=1e-9)


def test_activations(rng: np.random.Generator, functional: Any) -> None:
    x = 2 * rng.standard_normal((4, 6))
    compare(ELU(1.3), lambda x: functional.elu(x, 1.3), x)
    compare(LeakyReLU(0.2), lambda x: functional.leaky_relu(x, 0.2), x)
    compare(Softmax(), lambda x: functional.softmax(x, -1), x)


def test_prelu(rng: np.random.Generator, functional: Any) -> None:
    def theirs(x: Any, alpha: Any) -> Any:
        return nhwc(functional.prelu(x.permute(0, 3, 1, 2), alpha.reshape(-1)))

    x, alpha = rng.standard_normal((3, 4, 5, 2)), rng.standard_normal((1, 1, 2))
    compare(PReLU(shared_axes=[1, 2]), theirs, x, {"alpha": alpha})
