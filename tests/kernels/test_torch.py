"""The semantics shared with PyTorch, where someone else wrote both directions."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from nnscratch.kernels import BACKENDS, resolve
from nnscratch.kernels.cases import CASES, OpCase
from nnscratch.kernels.geometry import Window
from nnscratch.kernels.ops import Array, Ops

pytestmark = pytest.mark.parity


@pytest.fixture(params=[backend for backend in BACKENDS if backend != "naive"])
def ops(request: pytest.FixtureRequest) -> Ops:
    return resolve(request.param).ops


@pytest.fixture(scope="module")
def torch() -> ModuleType:
    import torch

    return torch


def cases(op: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", [case for case in CASES if case.op == op], ids=str)


def nchw(torch: ModuleType, x: Array) -> Any:
    return torch.tensor(x.transpose(0, 3, 1, 2).copy(), requires_grad=True)


def nhwc(x: Any) -> Array:
    return x.detach().numpy().transpose(0, 2, 3, 1)


def pad(torch: ModuleType, x: Any, window: Window, value: float) -> Any:
    (top, bottom), (left, right) = window.pads
    return torch.nn.functional.pad(x, (left, right, top, bottom), value=value)


def assert_close(got: Array, expected: Array) -> None:
    scale = np.abs(expected).max(initial=0)
    np.testing.assert_allclose(got, expected, rtol=1e-11, atol=1e-12 * scale)


@cases("conv2d")
def test_convolution(ops: Ops, torch: ModuleType, case: OpCase) -> None:
    x, kernel, window, groups, *finish = case.arguments("float64")
    cells = nchw(torch, x)
    weights = torch.tensor(kernel.transpose(3, 2, 0, 1).copy(), requires_grad=True)
    y = torch.nn.functional.conv2d(
        pad(torch, cells, window, 0.0),
        weights,
        stride=window.strides,
        dilation=window.dilation,
        groups=groups,
    )
    dy = np.random.default_rng(1).standard_normal(nhwc(y).shape)
    y.backward(nchw(torch, dy))

    assert_close(ops.conv2d(x, kernel, window, groups), nhwc(y))
    if finish:
        _, bias, (function, arguments) = finish
        activated = getattr(torch.nn.functional, function)(torch.tensor(nhwc(y) + bias), *arguments)
        assert_close(ops.conv2d(x, kernel, window, groups, *finish), activated.numpy())
    dx = ops.conv2d_input_gradient(dy, kernel, window, groups, x.shape[1:3])
    assert_close(dx, nhwc(cells.grad))
    dkernel = ops.conv2d_kernel_gradient(x, dy, window, groups)
    assert_close(dkernel, weights.grad.numpy().transpose(2, 3, 1, 0))


@pytest.mark.parametrize("kind", ["max", "average"])
@cases("max_pool2d")
def test_pooling(ops: Ops, torch: ModuleType, case: OpCase, kind: str) -> None:
    x, window = case.arguments("float64")
    x = np.random.default_rng(1).standard_normal(x.shape)  # who wins a tie is nobody's standard
    cells = nchw(torch, x)
    functional = torch.nn.functional
    options = {"kernel_size": window.size, "stride": window.strides}
    if kind == "max":
        y = functional.max_pool2d(pad(torch, cells, window, -np.inf), **options)
    else:
        total, count = (
            functional.avg_pool2d(pad(torch, part, window, 0.0), divisor_override=1, **options)
            for part in (cells, torch.ones_like(cells))
        )
        y = total / count
    dy = np.random.default_rng(2).standard_normal(nhwc(y).shape)
    y.backward(nchw(torch, dy))

    if kind == "max":
        got, argmax = ops.max_pool2d(x, window)
        dx = ops.max_pool2d_gradient(dy, argmax, window, x.shape[1:3])
    else:
        got = ops.average_pool2d(x, window)
        dx = ops.average_pool2d_gradient(dy, window, x.shape[1:3])
    assert_close(got, nhwc(y))
    assert_close(dx, nhwc(cells.grad))


@pytest.mark.parametrize("training", [True, False])
@cases("batch_norm")
def test_batch_norm(ops: Ops, torch: ModuleType, case: OpCase, training: bool) -> None:
    x, mean, variance, gamma, beta, epsilon = case.arguments("float64")
    if training:
        mean, variance = ops.moments(x)
    inputs = [torch.tensor(value, requires_grad=True) for value in (x, gamma, beta)]
    constants = (None, None) if training else (torch.tensor(mean), torch.tensor(variance))
    y = torch.nn.functional.batch_norm(
        inputs[0], *constants, *inputs[1:], training=training, eps=epsilon
    )
    dy = np.random.default_rng(1).standard_normal(x.shape)
    y.backward(torch.tensor(dy))

    assert_close(ops.batch_norm(x, mean, variance, gamma, beta, epsilon), y.detach().numpy())
    gradient = ops.batch_norm_gradient if training else ops.batch_norm_inference_gradient
    for got, tensor in zip(gradient(dy, x, mean, variance, gamma, epsilon), inputs, strict=True):
        assert_close(got, tensor.grad.numpy())


def clipped_cross_entropy(torch: ModuleType, p: Any, target: Any, epsilon: float) -> Any:
    q = torch.clamp(p / p.sum(dim=1, keepdim=True), epsilon, 1 - epsilon)
    return -(target * torch.log(q)).sum(dim=1)


def clipped_binary_cross_entropy(torch: ModuleType, p: Any, target: Any, epsilon: float) -> Any:
    q = torch.clamp(p, epsilon, 1 - epsilon)
    return torch.nn.functional.binary_cross_entropy(q, target, reduction="none")


LOSSES = {
    "squared_error": lambda t, y, target: t.nn.functional.mse_loss(y, target, reduction="none"),
    "absolute_error": lambda t, y, target: t.nn.functional.l1_loss(y, target, reduction="none"),
    "binary_cross_entropy": clipped_binary_cross_entropy,
    "categorical_cross_entropy": clipped_cross_entropy,
    "sigmoid_cross_entropy": lambda t, z, target: t.nn.functional.binary_cross_entropy_with_logits(
        z, target, reduction="none"
    ),
    "softmax_cross_entropy": lambda t, z, target: t.nn.functional.cross_entropy(
        z, target, reduction="none"
    ),
}


@pytest.mark.parametrize("case", [case for case in CASES if case.op in LOSSES], ids=str)
def test_loss(ops: Ops, torch: ModuleType, case: OpCase) -> None:
    y, target, *options = case.arguments("float64")
    prediction = torch.tensor(y, requires_grad=True)
    loss = LOSSES[case.op](torch, prediction, torch.tensor(target), *options)
    loss.sum().backward()

    value, derivative = getattr(ops, case.op)(y, target, *options)
    assert_close(value, loss.detach().numpy())
    assert_close(derivative, prediction.grad.numpy())


Activation = tuple[
    Callable[[Ops, Array], Array],
    Callable[[Ops, Array, Array, Array], Array],
    Callable[[ModuleType, Any], Any],
]
"""Forward, gradient from (dy, x, y), and what PyTorch has."""

ACTIVATIONS: dict[str, Activation] = {
    "relu6": (
        lambda ops, x: ops.relu(x, 0.0, 6.0, 0.0),
        lambda ops, dy, x, y: ops.relu_gradient(dy, y, 0.0, 6.0, 0.0),
        lambda torch, x: torch.nn.functional.relu6(x),
    ),
    "leaky_relu": (
        lambda ops, x: ops.relu(x, 0.3, np.inf, 0.0),
        lambda ops, dy, x, y: ops.relu_gradient(dy, y, 0.3, np.inf, 0.0),
        lambda torch, x: torch.nn.functional.leaky_relu(x, 0.3),
    ),
    "elu": (
        lambda ops, x: ops.elu(x, 0.7),
        lambda ops, dy, x, y: ops.elu_gradient(dy, y, 0.7),
        lambda torch, x: torch.nn.functional.elu(x, 0.7),
    ),
    "sigmoid": (
        lambda ops, x: ops.sigmoid(x),
        lambda ops, dy, x, y: ops.sigmoid_gradient(dy, y),
        lambda torch, x: torch.sigmoid(x),
    ),
    "tanh": (
        lambda ops, x: ops.tanh(x),
        lambda ops, dy, x, y: ops.tanh_gradient(dy, y),
        lambda torch, x: torch.tanh(x),
    ),
    "softmax": (
        lambda ops, x: ops.softmax(x),
        lambda ops, dy, x, y: ops.softmax_gradient(dy, y),
        lambda torch, x: torch.softmax(x, dim=-1),
    ),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(ops: Ops, torch: ModuleType, name: str) -> None:
    forward, gradient, in_torch = ACTIVATIONS[name]
    rng = np.random.default_rng(1)
    x, dy = 5 * rng.standard_normal((6, 7)), rng.standard_normal((6, 7))
    inputs = torch.tensor(x, requires_grad=True)
    expected = in_torch(torch, inputs)
    expected.backward(torch.tensor(dy))

    y = forward(ops, x)
    assert_close(y, expected.detach().numpy())
    assert_close(gradient(ops, dy, x, y), inputs.grad.numpy())


def test_prelu(ops: Ops, torch: ModuleType) -> None:
    rng = np.random.default_rng(1)
    x, dy, alpha = rng.standard_normal((4, 3)), rng.standard_normal((4, 3)), rng.random(3)
    inputs, slopes = (torch.tensor(value, requires_grad=True) for value in (x, alpha))
    y = torch.nn.functional.prelu(inputs, slopes)
    y.backward(torch.tensor(dy))

    assert_close(ops.prelu(x, alpha), y.detach().numpy())
    dx, dalpha = ops.prelu_gradient(dy, x, alpha)
    assert_close(dx, inputs.grad.numpy())
    assert_close(dalpha, slopes.grad.numpy())
