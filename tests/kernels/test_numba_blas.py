from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

from nnscratch.kernels import resolve
from nnscratch.kernels.geometry import Window
from nnscratch.kernels.numba import blas, long_sums, parallel
from nnscratch.kernels.numba.conv import im2col
from nnscratch.kernels.numba.finish import NOTHING
from nnscratch.kernels.ops import Array

libraries = ThreadpoolController().select(user_api="blas").lib_controllers


def threads() -> list[int]:
    return [library.get_num_threads() for library in libraries]


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = threads()
    for library in libraries:
        library.set_num_threads(2)
    assert threads() == [2] * len(before) != []
    yield
    for library, number in zip(libraries, before, strict=True):
        library.set_num_threads(number)


def test_the_users_setting_is_back_after_a_call() -> None:
    a = np.ones((64, 64), np.float32)
    resolve("numba").ops.matmul(a, a)
    assert set(threads()) == {2}


def test_blas_has_one_thread_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    each = parallel.each

    def spy(*arguments: object) -> None:
        seen.extend(threads())
        each(*arguments)

    monkeypatch.setattr(parallel, "each", spy)
    x, kernel, window = np.ones((1, 4, 4, 2)), np.ones((3, 3, 2, 2)), Window((3, 3))
    resolve("numba").ops.matmul(x[0, 0], x[0, 0].T)
    y = im2col.conv2d(x, kernel, window, 1, NOTHING[8])
    im2col.conv2d_input_gradient(y, kernel, window, 1, (4, 4))
    im2col.conv2d_kernel_gradient(x, y, window, 1)
    assert len(seen) >= 4
    assert set(seen) == {1}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_long_sums_of_a_small_product_are_shared_by_threads(
    dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared: list[int] = []
    each = parallel.each

    def spy(items: Sequence[object], task: Callable[[object], object]) -> None:
        shared.append(len(items))
        each(items, task)

    monkeypatch.setattr(parallel, "each", spy)
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((5, 300_001)), rng.standard_normal((300_001, 7))
    y = blas.product(a.astype(dtype), b.astype(dtype), NOTHING[np.dtype(dtype).itemsize])
    np.testing.assert_allclose(y, a @ b, rtol=0, atol=3e-2 if dtype == "float32" else 1e-9)
    assert shared[0] > 1


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [1, 6, 25, 32])
@pytest.mark.parametrize("columns", [16, 32])
def test_long_sums_that_fill_vectors_are_read_as_they_lie(
    dtype: str, rows: int, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[int] = []
    product = long_sums.product

    def spy(a: Array, b: Array, sums: Sequence[slice]) -> Array:
        called.append(len(sums))
        return product(a, b, sums)

    monkeypatch.setattr(long_sums, "product", spy)
    rng, depth = np.random.default_rng(0), 300_001
    b = rng.standard_normal((depth, columns)).astype(dtype)
    nothing = NOTHING[b.itemsize]
    for a in (rng.standard_normal((rows, depth)), rng.standard_normal((depth, rows)).T):
        y = blas.product(a.astype(dtype, order="K"), b, nothing)
        np.testing.assert_allclose(y, a @ b, rtol=0, atol=3e-2 if dtype == "float32" else 1e-9)
    assert len(called) == 2
    assert min(called) > 1
    y = blas.product(np.ones((rows, 2 * depth), dtype)[:, ::2], b, nothing)  # lies otherwise
    np.testing.assert_allclose(y, np.tile(b.sum(axis=0, dtype=float), (rows, 1)), atol=3e-2)
    assert len(called) == 2


def test_the_users_setting_is_back_after_an_error() -> None:
    with pytest.raises(ValueError, match="matmul"):
        resolve("numba").ops.matmul(np.ones((2, 3)), np.ones((4, 5)))
    assert set(threads()) == {2}


def test_the_last_one_out_restores() -> None:
    with blas.one_thread:
        with blas.one_thread:
            assert set(threads()) == {1}
        assert set(threads()) == {1}
    assert set(threads()) == {2}


def test_many_threads_may_be_inside() -> None:
    seen: set[int] = set()
    start = threading.Barrier(8)

    def go_in_and_out() -> None:
        start.wait(timeout=60)
        for _ in range(200):
            with blas.one_thread:
                seen.update(threads())

    visitors = [threading.Thread(target=go_in_and_out) for _ in range(8)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join(timeout=60)
    assert seen == {1}
    assert set(threads()) == {2}


def test_a_forked_child_restores_what_its_parents_threads_cannot() -> None:
    guard = blas.OneThread()
    with guard:
        guard.after_fork()
        assert set(threads()) == {2}
        guard.inside = 1  # as this thread, unlike a lost one, goes out itself


@pytest.mark.parametrize(("rows", "columns"), [(3000, 1), (1, 3000), (300, 5), (5, 300)])
def test_thin_products_are_right(rows: int, columns: int) -> None:
    rng = np.random.default_rng(3)
    a, b = rng.standard_normal((rows, 1000)), rng.standard_normal((1000, columns))
    np.testing.assert_allclose(blas.product(a, b, NOTHING[8]), a @ b, rtol=1e-12, atol=1e-11)
