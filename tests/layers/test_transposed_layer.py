from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.core.errors import ShapeError
from nnscratch.core.run import run_layer
from nnscratch.kernels.ops import Array
from nnscratch.layers import Conv2DTranspose
from nnscratch.layers.arguments import ArgumentError
from tests.backends import BACKEND
from tests.layers.test_torch_parity import compare, nhwc


def painted(x: Array, kernel: Array, strides: tuple[int, int], dilation: int = 1) -> Array:
    """The kernel, times each pixel, added up where it falls: as far as windows reach."""
    (n, height, width, _), (kh, kw, filters, _) = x.shape, kernel.shape
    rows = (height - 1) * strides[0] + dilation * (kh - 1) + 1
    columns = (width - 1) * strides[1] + dilation * (kw - 1) + 1
    y = np.zeros((n, rows, columns, filters))
    for p, q, i, j in np.ndindex(height, width, kh, kw):
        place = p * strides[0] + i * dilation, q * strides[1] + j * dilation
        y[:, place[0], place[1]] += x[:, p, q] @ kernel[i, j].T
    return y


@pytest.mark.parametrize("strides", [(1, 1), (2, 3)])
@pytest.mark.parametrize("dilation", [1, 2])
def test_each_pixel_paints_the_kernel(
    rng: np.random.Generator, strides: tuple[int, int], dilation: int
) -> None:
    x, kernel = rng.standard_normal((2, 3, 4, 3)), rng.standard_normal((4, 3, 2, 3))
    params = {"kernel": kernel, "bias": np.zeros(2)}
    layer = Conv2DTranspose(2, (4, 3), strides, dilation_rate=dilation)
    y = run_layer(layer, x, params=params, backend=BACKEND).output
    np.testing.assert_allclose(y, painted(x, kernel, strides, dilation), atol=1e-12)


@pytest.mark.parametrize(
    ("size", "stride", "first"),
    [(3, 1, 1), (3, 2, 0), (4, 2, 1), (2, 2, 0), (5, 3, 1)],  # as Keras 3.15.1 cuts them
)
def test_same_is_cut_out_of_the_painting(
    rng: np.random.Generator, size: int, stride: int, first: int
) -> None:
    x, kernel = rng.standard_normal((1, 4, 4, 1)), rng.standard_normal((size, size, 1, 1))
    params = {"kernel": kernel, "bias": np.zeros(1)}
    layer = Conv2DTranspose(1, size, stride, padding="same")
    y = run_layer(layer, x, params=params, backend=BACKEND).output
    whole = slice(first, first + 4 * stride)
    np.testing.assert_allclose(y, painted(x, kernel, (stride, stride))[:, whole, whole], atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "length"),  # of 5 cells, as Keras 3.15.1 has them
    [
        ({"kernel_size": 3}, 7),
        ({"kernel_size": 2, "strides": 3}, 15),
        ({"kernel_size": 3, "strides": 2, "output_padding": 1}, 12),
        ({"kernel_size": 3, "strides": 2, "padding": "same"}, 10),
        ({"kernel_size": 3, "strides": 2, "padding": "same", "output_padding": 0}, 9),
        ({"kernel_size": 4, "strides": 2, "padding": "same", "output_padding": 1}, 9),
    ],
)
def test_lengths_are_keras_own(arguments: dict[str, Any], length: int) -> None:
    spec = Conv2DTranspose(2, **arguments).spec((5, 5, 1))
    assert spec.output_shape == (length, length, 2)


def test_where_nothing_is_painted_there_is_the_bias() -> None:
    params = {"kernel": np.ones((1, 1, 1, 1)), "bias": np.array([7.0])}
    layer = Conv2DTranspose(1, 1, strides=2, padding="same", activation="relu")
    y = run_layer(layer, np.ones((1, 2, 2, 1)), params=params, backend=BACKEND).output
    rows = [[8, 7, 8, 7], [7, 7, 7, 7], [8, 7, 8, 7], [7, 7, 7, 7]]
    np.testing.assert_array_equal(y[0, ..., 0], rows)


def test_output_padding_must_be_less_than_the_stride() -> None:
    with pytest.raises(ArgumentError, match=r"output_padding: expected fewer than the strides"):
        Conv2DTranspose(1, 3, strides=(2, 1), output_padding=1)
    with pytest.raises(ArgumentError, match="expected one whole number or two"):
        Conv2DTranspose(1, 3, strides=2, output_padding=(1, 1, 1))


def test_its_automatic_name_is_keras_own() -> None:
    model = nn.Sequential([nn.Input((2, 2, 1)), Conv2DTranspose(1, 2)], backend=BACKEND)
    assert list(model.params) == ["conv2d_transpose/kernel", "conv2d_transpose/bias"]


def test_something_must_be_left() -> None:
    with pytest.raises(ShapeError, match=r"it would make \(0, 0\)"):
        Conv2DTranspose(1, 2, strides=2, padding="same", output_padding=0).spec((1, 1, 1))


@pytest.mark.parity
@pytest.mark.parametrize(("size", "strides", "extra"), [((3, 2), (1, 1), 0), ((2, 4), (3, 2), 1)])
def test_against_pytorch(
    rng: np.random.Generator, size: tuple[int, int], strides: tuple[int, int], extra: int
) -> None:
    import torch.nn.functional as functional

    def theirs(x: Any, kernel: Any, bias: Any) -> Any:
        y = functional.conv_transpose2d(
            x.permute(0, 3, 1, 2), kernel.permute(3, 2, 0, 1), bias, strides, 0, extra
        )
        return nhwc(y)

    params = {"kernel": rng.standard_normal((*size, 4, 3)), "bias": rng.standard_normal(4)}
    layer = Conv2DTranspose(4, size, strides, output_padding=extra)
    compare(layer, theirs, rng.standard_normal((2, 5, 4, 3)), params)
