from __future__ import annotations

import numpy as np
import pytest

from nnscratch.core.errors import ShapeError
from nnscratch.layers import Dot
from nnscratch.layers.arguments import ArgumentError
from tests.layers.test_merge_layers import run


def test_two_vectors() -> None:
    y, dxs = run(Dot(1), [[1, 2]], [[3, 4]], dy=[[10]])
    np.testing.assert_array_equal(y, [[11]])
    np.testing.assert_array_equal(dxs, [[[30, 40]], [[10, 20]]])


@pytest.mark.parametrize(
    ("axes", "first", "second", "formula"),
    [
        ((2, 1), (3, 4), (4, 5), "nik,nkj->nij"),
        ((1, 2), (4, 3), (5, 4), "nki,njk->nij"),
        (-1, (3, 4), (4,), "nik,nk->ni"),
        ((1, -1), (4, 2, 3), (5, 4), "nkab,njk->nabj"),
    ],
)
def test_along_any_axes(
    rng: np.random.Generator,
    axes: int | tuple[int, int],
    first: tuple[int, ...],
    second: tuple[int, ...],
    formula: str,
) -> None:
    a, b = rng.standard_normal((2, *first)), rng.standard_normal((2, *second))
    expected = np.einsum(formula, a, b)
    y, _ = run(Dot(axes), a, b, dy=expected)
    np.testing.assert_allclose(y, expected)


def test_the_cosine(rng: np.random.Generator) -> None:
    a, b = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 5, 4))
    y, _ = run(Dot(2, normalize=True), a, 7 * b, dy=np.zeros((2, 3, 5)))
    lengths = np.linalg.norm(a, axis=2)[:, :, None] * np.linalg.norm(b, axis=2)[:, None]
    np.testing.assert_allclose(y, np.einsum("nik,njk->nij", a, b) / lengths)


def test_bad_arguments() -> None:
    with pytest.raises(ArgumentError, match="Dot axes: 0 is the batch axis"):
        Dot((0, 1))
    with pytest.raises(ArgumentError, match="expected one axis or two"):
        Dot((1, 2, 3))
    with pytest.raises(ShapeError, match="takes two inputs"):
        Dot(1).spec((3,))
    with pytest.raises(ShapeError, match=r"expected vectors of one length.*\(N, 3\), \(N, 4\)"):
        Dot(1).spec((3,), (4,))
    with pytest.raises(ShapeError, match="axis 2 is not one of the axes"):
        Dot(2).spec((3, 4), (4,))
