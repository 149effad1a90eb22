"""Matrix products by the micro-kernel, against NumPy's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from nnscratch.kernels import resolve
from nnscratch.kernels.numba import blas, matrices, parallel
from nnscratch.kernels.numba.finish import NOTHING, Finish, finish
from nnscratch.kernels.numba.microkernel.panels import COPIED
from nnscratch.kernels.ops import Array, Curve


def normal(*shape: int) -> Array:
    return np.random.default_rng(shape).standard_normal(shape)


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "rows": np.ascontiguousarray,
    "columns": np.asfortranarray,
    "apart": lambda matrix: np.repeat(matrix, 2, axis=1)[:, ::2],
    "backwards": lambda matrix: np.ascontiguousarray(matrix[::-1])[::-1],
}
SHAPES = [
    *[(64, 400, 120), (1, 7, 3), (300, 200, 100), (513, 129, 64), (40, 300, 256)],
    *[(33, 128, 17), (2, 1, 1), (7, 1, 200), (500, 3, 1), (257, 256, 640), (9650, 32, 33)],
    *[(19, 2 * COPIED + 70, 40)],
]


@pytest.mark.parametrize(("rows", "depth", "columns"), SHAPES)
@pytest.mark.parametrize("left", LAYOUTS)
@pytest.mark.parametrize("right", LAYOUTS)
@pytest.mark.parametrize(("dtype", "error"), [("float32", 1e-6), ("float64", 1e-14)])
def test_products_of_any_shape_and_layout(
    rows: int, depth: int, columns: int, left: str, right: str, dtype: str, error: float
) -> None:
    a, b = normal(rows, depth).astype(dtype), normal(depth, columns).astype(dtype)
    y = matrices.product_of_tiles(LAYOUTS[left](a), LAYOUTS[right](b), NOTHING[a.itemsize])
    exact = a.astype(np.longdouble) @ b.astype(np.longdouble)
    assert y.dtype == dtype
    assert y.shape == (rows, columns)
    assert np.abs(y - exact).max() <= error * np.sqrt(depth) * np.abs(exact).max()
    out = np.full_like(y, np.nan)
    assert matrices.product(a, b, NOTHING[a.itemsize], out) is out
    assert out.tobytes() == matrices.product(a, b, NOTHING[a.itemsize]).tobytes()


@pytest.mark.parametrize(("rows", "columns"), [(70, 130), (70, 128), (300, 128)])
@pytest.mark.parametrize("curve", [None, Curve("relu", (0.1, 2.0, 0.5)), Curve("tanh")])
def test_products_are_finished_with_the_bits_of_passes_of_their_own(
    rows: int, columns: int, curve: Curve | None
) -> None:
    a, b = normal(rows, 200).astype("float32"), normal(200, columns).astype("float32")
    bias, ops = normal(columns).astype("float32"), resolve("numba").ops
    passes = matrices.product_of_tiles(a, b, NOTHING[4]) + bias
    if curve is not None:
        passes = getattr(ops, curve.op)(passes, *curve.arguments)
    y = matrices.product_of_tiles(a, b, finish(bias, curve, columns, a.dtype))
    assert np.array_equal(y, passes)


@pytest.mark.parametrize(("rows", "depth", "columns"), [(64, 400, 120), (300, 500, 200)])
def test_the_bits_are_the_same_on_any_number_of_threads(
    rows: int, depth: int, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = normal(rows, depth).astype("float32"), normal(depth, columns).astype("float32")
    made = []
    for threads in (1, 2, 3):
        monkeypatch.setattr(parallel, "_threads", threads)
        made.append(matrices.product(a, b, NOTHING[4]))
    assert np.array_equal(made[0], made[1])
    assert np.array_equal(made[0], made[2])


@pytest.mark.parametrize(
    ("shape", "by_blas"),
    [((64, 400, 120), False), ((64, 84, 10), True), ((32, 160_000, 32), True), ((0, 4, 3), True)],
)
def test_small_products_and_long_sums_are_left_to_blas(
    shape: tuple[int, int, int], by_blas: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, depth, columns = shape
    asked = []

    def noted(a: Array, b: Array, finish: Finish, out: Array | None) -> Array:
        asked.append(a.shape)
        return a @ b

    monkeypatch.setattr(blas, "product", noted)
    matrices.product(np.ones((rows, depth)), np.ones((depth, columns)), NOTHING[8])
    assert bool(asked) == by_blas
