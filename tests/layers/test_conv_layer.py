from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nnscratch import constraints, regularizers
from nnscratch.core.context import Context
from nnscratch.core.errors import ShapeError, UnknownNameError
from nnscratch.core.graph import Input
from nnscratch.core.run import run_layer
from nnscratch.layers import Conv2D
from nnscratch.layers.arguments import ArgumentError
from tests.backends import BACKEND, there
from tests.layers import loops

SETTINGS = list(
    itertools.product(
        [(1, 1), (2, 2), (3, 3), (2, 3), (4, 1)],  # kernel
        [(1, 1), (2, 2), (3, 1)],  # strides
        ["valid", "same"],
        [(1, 1), (2, 1)],  # dilation
        [1, 2],  # groups
    )
)


@pytest.mark.parametrize(("size", "strides", "padding", "dilation", "groups"), SETTINGS)
def test_forward_is_what_plain_loops_compute(
    rng: np.random.Generator,
    size: tuple[int, int],
    strides: tuple[int, int],
    padding: str,
    dilation: tuple[int, int],
    groups: int,
) -> None:
    x = rng.standard_normal((2, 7, 6, 4))
    kernel = rng.standard_normal((*size, 4 // groups, 2))
    bias = rng.standard_normal(2)
    layer = Conv2D(2, size, strides, padding, dilation, groups)
    y = run_layer(layer, x, params={"kernel": kernel, "bias": bias}, backend=BACKEND).output
    expected = loops.conv2d(x, kernel, strides, padding, dilation, groups) + bias
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)


def test_by_default_it_is_a_valid_convolution_with_stride_1_and_a_bias(
    rng: np.random.Generator,
) -> None:
    x, kernel = rng.standard_normal((2, 5, 4, 3)), rng.standard_normal((3, 3, 3, 2))
    layer = Conv2D(2, 3)
    spec = layer.spec((5, 4, 3))
    assert list(spec.params) == ["kernel", "bias"]
    y = run_layer(layer, x, params={"kernel": kernel}, backend=BACKEND).output
    np.testing.assert_allclose(y, loops.conv2d(x, kernel), rtol=1e-12, atol=1e-12)


pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))


@given(pairs, pairs, pairs, st.sampled_from(["valid", "same"]), st.integers(1, 9), st.data())
@settings(deadline=None, max_examples=40)
def test_spec_declares_the_shape_that_forward_returns(
    size: tuple[int, int],
    strides: tuple[int, int],
    dilation: tuple[int, int],
    padding: str,
    height: int,
    data: st.DataObject,
) -> None:
    width = data.draw(st.integers(1, 9))
    fits = [
        loops.first_cells(length, *window, padding)
        for length, *window in zip((height, width), size, strides, dilation, strict=True)
    ]
    assume(all(fits))
    layer = Conv2D(2, size, strides, padding, dilation)
    declared = layer.spec((height, width, 3)).output_shape
    y = run_layer(layer, np.ones((2, height, width, 3)), backend=BACKEND).output
    assert y.shape == (2, *declared)
    assert declared == (*map(len, fits), 2)


def test_without_bias_there_is_none(rng: np.random.Generator) -> None:
    call = run_layer(
        Conv2D(2, 3, use_bias=False),
        rng.standard_normal((1, 4, 5, 2)),
        rng.standard_normal((1, 2, 3, 2)),
        backend=BACKEND,
    )
    assert list(call.param_gradients) == ["kernel"]


def test_backward_leaves_out_an_input_gradient_that_nobody_reads(
    rng: np.random.Generator, ctx: Context
) -> None:
    layer, x = Conv2D(2, 3, use_bias=False), there(rng.standard_normal((1, 4, 5, 2)))
    params = {"kernel": there(rng.standard_normal((3, 3, 2, 2)))}
    y, cache, _ = layer.forward(ctx, params, {}, x)
    unread = ctx.for_call("conv2d#0", frozen=False, input_gradients=False)
    assert layer.backward(unread, params, cache, y).inputs == (None,)
    assert layer.backward(ctx, params, cache, y).inputs[0] is not None


def test_weights_are_declared_with_their_penalties_and_constraints() -> None:
    l1, l2 = regularizers.L1(0.1), regularizers.L2(0.2)
    norm, positive = constraints.MaxNorm(1.0), constraints.NonNeg()
    layer = Conv2D(
        2,
        3,
        kernel_regularizer=l1,
        bias_regularizer=l2,
        kernel_constraint=norm,
        bias_constraint=positive,
    )
    params = layer.spec((5, 5, 3)).params
    assert (params["kernel"].regularizer, params["kernel"].constraint) == (l1, norm)
    assert (params["bias"].regularizer, params["bias"].constraint) == (l2, positive)
    assert (params["kernel"].shape, params["bias"].shape) == ((3, 3, 3, 2), (2,))


def test_an_activation_is_a_call_of_its_own() -> None:
    layer = Conv2D(2, 3, activation="elu")
    output = layer(Input((5, 5, 1)))
    assert output.node is not None
    assert output.node.layer is layer.activation
    assert Conv2D(2, 3, activation="linear").activation is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filters": 0}, "Conv2D filters: expected a whole number >= 1, got 0"),
        ({"filters": 2.0}, "Conv2D filters: expected a whole number >= 1, got 2.0"),
        ({"filters": True}, "Conv2D filters: .* got True"),
        ({"kernel_size": (3, -1)}, "Conv2D kernel_size: .* got -1"),
        (
            {"kernel_size": (3, 3, 3)},
            r"Conv2D kernel_size: expected one .* or two, got \(3, 3, 3\)",
        ),
        ({"strides": 0}, "Conv2D strides: .* got 0"),
        ({"dilation_rate": (1, "2")}, "Conv2D dilation_rate: .* got '2'"),
        ({"groups": 3}, "Conv2D groups: 4 filters do not divide into 3 groups"),
        ({"use_bias": "no"}, "Conv2D use_bias: expected True or False, got 'no'"),
        ({"activation": np.tanh}, "activation: expected a name or a layer .*tanh"),
    ],
)
def test_nonsense_is_refused_when_the_layer_is_made(
    arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ArgumentError, match=message):
        Conv2D(**{"filters": 4, "kernel_size": 3, **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"padding": "some"}, "unknown Conv2D padding 'some': did you mean 'same'"),
        ({"activation": "relo"}, "unknown activation 'relo': did you mean 'relu'"),
        ({"kernel_initializer": "glorot"}, "unknown initializer 'glorot'"),
        ({"stride": 2}, "unknown argument of Conv2D 'stride': did you mean 'strides'"),
    ],
)
def test_unknown_names_are_met_with_the_nearest_known_one(
    arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(UnknownNameError, match=message):
        Conv2D(4, 3, **arguments)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (Conv2D(2, 3), (28, 28), r"expected images \(N, H, W, C\), got \(N, 28, 28\); add a chan"),
        (Conv2D(2, 3), (28,), r"expected images \(N, H, W, C\), got \(N, 28\)"),
        (Conv2D(2, 3), (2, 5, 1), r"window \(3, 3\) does not fit into images \(2, 5\)"),
        (Conv2D(4, 3, groups=2), (5, 5, 3), "3 input channels do not divide into 2 groups"),
    ],
)
def test_inputs_that_it_cannot_read_are_refused(
    layer: Conv2D, shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ShapeError, match=message) as caught:
        layer.spec(shape)
    assert repr(layer) in str(caught.value)


def test_two_inputs_are_refused() -> None:
    with pytest.raises(ShapeError, match="takes one input, got 2"):
        Conv2D(2, 3).spec((5, 5, 1), (5, 5, 1))
