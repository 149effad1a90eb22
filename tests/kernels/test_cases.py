"""Every backend against the plain loops, case by case."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from nnscratch import kernels
from nnscratch.kernels import BACKENDS, resolve
from nnscratch.kernels.cases import CASES, DType, OpCase
from nnscratch.kernels.ops import OPS, Array

every_case = pytest.mark.parametrize("case", CASES, ids=str)
every_backend = pytest.mark.parametrize(
    "backend", [backend for backend in BACKENDS if backend != "naive"]
)


def call(backend: str, case: OpCase, arguments: tuple[Any, ...]) -> tuple[Array, ...]:
    result = getattr(resolve(backend), case.op)(*arguments)
    return result if isinstance(result, tuple) else (result,)


@cache
def expected(case: OpCase, dtype: DType) -> tuple[Array, ...]:
    return call("naive", case, case.arguments(dtype))


def assert_right(results: tuple[Array, ...], case: OpCase, dtype: DType) -> None:
    tolerance = getattr(case.tolerance, dtype)
    for got, right in zip(results, expected(case, dtype), strict=True):
        assert (got.shape, got.dtype) == (right.shape, right.dtype)
        floor = tolerance * np.abs(right[np.isfinite(right)]).max(initial=0)
        exact = right.dtype.kind != "f"
        np.testing.assert_allclose(
            got, right, rtol=0 if exact else tolerance, atol=0 if exact else floor
        )


def awkward(argument: Any) -> Any:
    """An array's numbers in memory that runs backwards with gaps, and is read-only."""
    if not isinstance(argument, np.ndarray):
        return argument
    view = np.flip(np.repeat(np.flip(argument), 2, axis=-1)[..., ::2])
    view.flags.writeable = False
    return view


@every_backend
def test_a_long_sum_keeps_its_digits(backend: str) -> None:
    ops = resolve(backend).ops
    x = np.random.default_rng(1).random((50_000, 3), np.float32) + 5
    exact = x.astype(np.float64)
    np.testing.assert_allclose(ops.bias_gradient(x), exact.sum(axis=0), rtol=1e-6)
    mean, variance = ops.moments(x[:, :, None])
    np.testing.assert_allclose(mean, exact.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(variance, exact.var(axis=0), rtol=1e-6)


def test_every_operation_has_a_case() -> None:
    assert {case.op for case in CASES} == set(OPS)


def test_every_case_has_a_name() -> None:
    assert len({str(case) for case in CASES}) == len(CASES)


@every_backend
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@every_case
def test_agrees_with_the_loops(case: OpCase, dtype: DType, backend: str) -> None:
    assert_right(call(backend, case, case.arguments(dtype)), case, dtype)


@every_backend
@every_case
def test_reads_any_layout(case: OpCase, backend: str) -> None:
    arguments = tuple(awkward(argument) for argument in case.arguments("float32"))
    assert_right(call(backend, case, arguments), case, "float32")


@every_backend
@every_case
def test_leaves_its_arguments_alone(case: OpCase, backend: str) -> None:
    arguments = case.arguments("float32")
    results = call(backend, case, arguments)
    for argument, again in zip(arguments, case.arguments("float32"), strict=True):
        if isinstance(argument, np.ndarray):
            np.testing.assert_array_equal(argument, again)
            assert not any(np.shares_memory(argument, result) for result in results)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "case", [case for case in CASES if "out" in kernels.parameters(OPS[case.op])], ids=str
)
def test_fills_the_memory_that_it_is_given(case: OpCase, backend: str) -> None:
    arguments = case.arguments("float32")
    (free,) = call(backend, case, arguments)
    room = np.full(free.size + 2, np.nan, np.float32)
    out = room[1:-1].reshape(free.shape)  # not where vectors begin
    assert getattr(resolve(backend), case.op)(*arguments, out=out) is out
    assert out.tobytes() == free.tobytes()
    assert np.isnan(room[[0, -1]]).all()


@every_backend
@every_case
def test_gives_the_same_bits_again(case: OpCase, backend: str) -> None:
    first = call(backend, case, case.arguments("float32"))
    second = call(backend, case, case.arguments("float32"))
    assert [array.tobytes() for array in first] == [array.tobytes() for array in second]
