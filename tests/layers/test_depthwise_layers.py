from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnscratch.core.errors import ShapeError
from nnscratch.core.run import run_layer
from nnscratch.layers import Conv2D, DepthwiseConv2D, SeparableConv2D
from nnscratch.layers.arguments import ArgumentError
from tests.backends import BACKEND
from tests.layers import loops
from tests.layers.test_torch_parity import compare, nhwc


def test_each_channel_has_kernels_of_its_own(rng: np.random.Generator) -> None:
    x, kernel = rng.standard_normal((2, 5, 6, 3)), rng.standard_normal((2, 3, 3, 2))
    layer = DepthwiseConv2D((2, 3), strides=(1, 2), padding="same", depth_multiplier=2)
    params = {"kernel": kernel, "bias": np.zeros(6)}
    y = run_layer(layer, x, params=params, backend=BACKEND).output
    for channel in range(3):
        expected = loops.conv2d(
            x[..., channel : channel + 1], kernel[:, :, channel][:, :, None], (1, 2), "same"
        )
        np.testing.assert_allclose(y[..., 2 * channel : 2 * channel + 2], expected, rtol=1e-12)


def test_a_separable_convolution_is_a_depthwise_one_and_a_pointwise_one(
    rng: np.random.Generator,
) -> None:
    x = rng.standard_normal((2, 5, 6, 3))
    depthwise, pointwise = rng.standard_normal((3, 3, 3, 2)), rng.standard_normal((1, 1, 6, 4))
    bias = rng.standard_normal(4)
    first = run_layer(
        DepthwiseConv2D(3, depth_multiplier=2, use_bias=False), x, params={"kernel": depthwise}
    )
    second = run_layer(Conv2D(4, 1), first.output, params={"kernel": pointwise, "bias": bias})
    params = {"depthwise_kernel": depthwise, "pointwise_kernel": pointwise, "bias": bias}
    both = run_layer(SeparableConv2D(4, 3, depth_multiplier=2), x, params=params)
    np.testing.assert_array_equal(both.output, second.output)


def test_weights_have_keras_names_and_shapes() -> None:
    depthwise = DepthwiseConv2D((2, 3), depth_multiplier=4).spec((5, 5, 3)).params
    assert {name: p.shape for name, p in depthwise.items()} == {
        "kernel": (2, 3, 3, 4),
        "bias": (12,),
    }
    separable = SeparableConv2D(7, (2, 3), depth_multiplier=4).spec((5, 5, 3)).params
    assert {name: p.shape for name, p in separable.items()} == {
        "depthwise_kernel": (2, 3, 3, 4),
        "pointwise_kernel": (1, 1, 12, 7),
        "bias": (7,),
    }


def test_what_was_given_for_a_weight_reaches_it() -> None:
    layer: Any = SeparableConv2D(
        2, 3, depthwise_regularizer="l2", pointwise_constraint="non_neg", bias_initializer="ones"
    )
    params = layer.spec((5, 5, 3)).params
    assert params["depthwise_kernel"].regularizer is not None
    assert params["pointwise_kernel"].regularizer is None
    assert params["pointwise_kernel"].constraint is not None
    np.testing.assert_array_equal(params["bias"].initializer((2,), np.random.default_rng(0)), 1)


@pytest.mark.parametrize("layer", [DepthwiseConv2D(3), SeparableConv2D(2, 3)], ids=repr)
def test_inputs_must_be_images_that_the_window_fits(layer: Any) -> None:
    with pytest.raises(ShapeError, match="expected images"):
        layer.spec((5, 5))
    with pytest.raises(ShapeError, match="does not fit"):
        layer.spec((2, 5, 1))


def test_the_multiplier_must_be_positive() -> None:
    with pytest.raises(ArgumentError, match="DepthwiseConv2D depth_multiplier: expected a whole"):
        DepthwiseConv2D(3, depth_multiplier=0)


@pytest.mark.parity
@pytest.mark.parametrize("multiplier", [1, 3])
def test_against_pytorch(rng: np.random.Generator, multiplier: int) -> None:
    import torch.nn.functional as functional

    def theirs(x: Any, kernel: Any, bias: Any) -> Any:
        grouped = kernel.permute(2, 3, 0, 1).reshape(-1, 1, 3, 2)
        y = functional.conv2d(x.permute(0, 3, 1, 2), grouped, bias, (2, 1), 0, (1, 2), 4)
        return nhwc(y)

    params = {
        "kernel": rng.standard_normal((3, 2, 4, multiplier)),
        "bias": rng.standard_normal(4 * multiplier),
    }
    layer = DepthwiseConv2D(
        (3, 2), strides=(2, 1), depth_multiplier=multiplier, dilation_rate=(1, 2)
    )
    compare(layer, theirs, rng.standard_normal((3, 7, 6, 4)), params)


@pytest.mark.parametrize("layer", [DepthwiseConv2D(9), SeparableConv2D(2, 9)])
def test_a_window_that_does_not_fit_is_that_of_the_layer_that_was_called(layer: Any) -> None:
    with pytest.raises(ShapeError) as caught:
        layer.spec((5, 6, 2))
    assert str(caught.value).startswith(f"{layer!r}: the window (9, 9) does not fit")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("filters", 0),
        ("kernel_size", (3, 3, 3)),
        ("strides", 0),
        ("padding", "causal"),
        ("dilation_rate", 0),
        ("depth_multiplier", 0),
        ("use_bias", "yes"),
    ],
)
def test_arguments_are_those_of_the_layer_that_was_called(name: str, value: Any) -> None:
    arguments = {"filters": 2, "kernel_size": 3} | {name: value}
    with pytest.raises(Exception, match=f"SeparableConv2D {name}"):
        SeparableConv2D(**arguments)
