from __future__ import annotations

import numpy as np
import pytest

from nnscratch.core.errors import ShapeError
from nnscratch.layers import Average, Maximum, Minimum
from tests.layers.test_merge_layers import run


def test_average() -> None:
    y, dxs = run(Average(), [[1, 2]], [[3, 4]], [[5, 9]], dy=[[6, 9]])
    np.testing.assert_array_equal(y, [[3, 5]])
    np.testing.assert_array_equal(dxs, [[[2, 3]]] * 3)


def test_the_gradient_goes_to_the_largest() -> None:
    y, dxs = run(Maximum(), [[1, 5, 2]], [[3, 4, 1]], [[2, 0, 7]], dy=[[6, 7, 8]])
    np.testing.assert_array_equal(y, [[3, 5, 7]])
    np.testing.assert_array_equal(dxs, [[[0, 7, 0]], [[6, 0, 0]], [[0, 0, 8]]])


def test_the_gradient_goes_to_the_smallest() -> None:
    y, dxs = run(Minimum(), [[1, 5, 2]], [[3, 4, 1]], [[2, 0, 7]], dy=[[6, 7, 8]])
    np.testing.assert_array_equal(y, [[1, 0, 1]])
    np.testing.assert_array_equal(dxs, [[[6, 0, 0]], [[0, 0, 8]], [[0, 7, 0]]])


@pytest.mark.parametrize("layer", [Maximum(), Minimum()], ids=repr)
def test_ties_go_to_the_first(layer: Maximum | Minimum) -> None:
    _, dxs = run(layer, [[2]], [[2]], [[2]], dy=[[6]])
    np.testing.assert_array_equal(dxs, [[[6]], [[0]], [[0]]])


@pytest.mark.parametrize("layer", [Maximum(), Minimum()], ids=repr)
def test_the_first_nan_wins(layer: Maximum | Minimum) -> None:
    y, dxs = run(layer, [[1, np.nan]], [[np.nan, 1]], [[np.nan, 2]], dy=[[6, 7]])
    assert np.isnan(y).all()
    np.testing.assert_array_equal(dxs, [[[0, 7]], [[6, 0]], [[0, 0]]])


@pytest.mark.parametrize("layer", [Average(), Maximum(), Minimum()], ids=repr)
def test_nothing_is_broadcast(layer: Average | Maximum | Minimum) -> None:
    with pytest.raises(ShapeError, match="nothing is broadcast here"):
        layer.spec((3, 4), (1, 4))
