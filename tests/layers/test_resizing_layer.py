from __future__ import annotations

import numpy as np
import pytest

from nnscratch.core.errors import UnknownNameError
from nnscratch.core.run import run_layer
from nnscratch.kernels.ops import Array
from nnscratch.layers import UpSampling2D
from tests.backends import BACKEND
from tests.layers.test_torch_parity import compare, nhwc


def row(layer: UpSampling2D, *values: float) -> list[float]:
    """What becomes of an image of one row."""
    x = np.array(values, float)[None, None, :, None]
    y: Array = run_layer(layer, x, backend=BACKEND).output
    return y[0, 0, :, 0].tolist()


def test_nearest_repeats_rows_and_columns() -> None:
    x = np.array([[1.0, 2], [3, 4]])[None, :, :, None]
    y = run_layer(UpSampling2D((1, 3)), x, backend=BACKEND).output
    np.testing.assert_array_equal(y[0, ..., 0], [[1, 1, 1, 2, 2, 2], [3, 3, 3, 4, 4, 4]])
    y = run_layer(UpSampling2D(), x, backend=BACKEND).output
    np.testing.assert_array_equal(y[0, :, 0, 0], [1, 1, 3, 3])


def test_bilinear_lies_between_the_nearest_centres() -> None:
    assert row(UpSampling2D((1, 2), "bilinear"), 0, 4) == [0, 1, 3, 4]
    thirds = row(UpSampling2D((1, 3), "bilinear"), 0, 3, 9)
    np.testing.assert_allclose(thirds, [0, 0, 1, 2, 3, 5, 7, 9, 9], atol=1e-12)


def test_nan_stays_with_its_neighbours() -> None:
    assert np.isnan(row(UpSampling2D((1, 2)), 1, np.nan, 3)).tolist() == [0, 0, 1, 1, 0, 0]
    mixed = row(UpSampling2D((1, 3), "bilinear"), 1, np.nan, 3, 4)
    assert np.isnan(mixed).tolist() == [0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0]


def test_interpolations_are_named() -> None:
    with pytest.raises(UnknownNameError, match="unknown interpolation 'bicubic'"):
        UpSampling2D(interpolation="bicubic")


@pytest.mark.parity
@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_against_pytorch(rng: np.random.Generator, mode: str) -> None:
    import torch.nn.functional as functional

    x = rng.standard_normal((2, 3, 4, 2))
    compare(
        UpSampling2D((2, 3), mode),
        lambda x: nhwc(
            functional.interpolate(x.permute(0, 3, 1, 2), scale_factor=(2, 3), mode=mode)
        ),
        x,
    )
