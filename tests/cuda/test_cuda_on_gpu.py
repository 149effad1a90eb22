"""What a GPU itself says to the cases: python -m pytest -m gpu, where there is one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnscratch.kernels import resolve
from nnscratch.kernels.cases import CASES, DType, OpCase
from nnscratch.kernels.cupy.conv import ALGORITHMS, implicit_gemm
from nnscratch.kernels.cupy.device import Device, open_device
from nnscratch.kernels.cupy.tiles import TENSOR, TILES, Tile
from nnscratch.kernels.ops import Array
from tests.cuda.nets import X, Y, lenet
from tests.cuda.test_cuda_conv import CONVOLUTIONS, FUNCTIONS
from tests.cuda.test_cuda_tf32 import PRODUCTS, rounded
from tests.kernels.test_cases import assert_right

pytestmark = pytest.mark.gpu

every_case = pytest.mark.parametrize("case", CASES, ids=str)


@pytest.fixture
def gpu() -> Device:
    return open_device()


def run(gpu: Device, function: Any, arguments: tuple[Any, ...]) -> tuple[Array, ...]:
    """The results of a function on the GPU, of arguments on the host, on the host."""
    held = [gpu.put(part) if isinstance(part, np.ndarray) else part for part in arguments]
    result = function(*held)
    return tuple(map(gpu.get, result if isinstance(result, tuple) else (result,)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@every_case
def test_a_kernel_agrees_with_the_loops(case: OpCase, dtype: DType, gpu: Device) -> None:
    results = run(gpu, getattr(resolve("cupy"), case.op), case.arguments(dtype))
    assert_right(results, case, dtype)


@every_case
def test_a_kernel_gives_the_same_bits_again(case: OpCase, gpu: Device) -> None:
    function = getattr(resolve("cupy"), case.op)
    first, second = (run(gpu, function, case.arguments("float32")) for _ in range(2))
    assert [array.tobytes() for array in first] == [array.tobytes() for array in second]


@pytest.mark.parametrize("algorithm", sorted(set(ALGORITHMS) - {"product"}))
@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
def test_every_algorithm_takes_every_shape(case: OpCase, algorithm: str, gpu: Device) -> None:
    function = getattr(ALGORITHMS[algorithm], FUNCTIONS[case.op])
    assert_right(run(gpu, function, case.arguments("float32")), case, "float32")


@pytest.mark.parametrize("tile", TILES["float32"], ids=str)
@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
def test_every_tile_takes_every_shape(
    case: OpCase, tile: Tile, gpu: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(implicit_gemm, "tile_for", lambda *_: tile)
    function = getattr(implicit_gemm, FUNCTIONS[case.op])
    assert_right(run(gpu, function, case.arguments("float32")), case, "float32")


@pytest.mark.parametrize("case", [case for case in PRODUCTS if case.op in FUNCTIONS], ids=str)
def test_tensor_cores_multiply_rounded_factors(
    case: OpCase, gpu: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    if gpu.architecture < 80:
        pytest.skip(f"sm_{gpu.architecture} has no TF32")
    monkeypatch.setattr(implicit_gemm, "tile_for", lambda *_: TENSOR)
    arguments = case.arguments("float32")
    (got,) = run(gpu, getattr(implicit_gemm, FUNCTIONS[case.op]), arguments)
    right = getattr(resolve("numpy"), case.op)(*map(rounded, arguments))
    np.testing.assert_allclose(got, right, rtol=1e-5, atol=1e-5 * np.abs(right).max())


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-4), ("float64", 1e-9)])
def test_a_training_gives_numpys_numbers(dtype: str, tolerance: float) -> None:
    mine, other = lenet("cupy", dtype=dtype), lenet("numpy", dtype=dtype)
    for start in (0, 32, 64):
        rows = slice(start, start + 32)
        step, expected = (model.train_step(X[rows], Y[rows]) for model in (mine, other))
        assert step.loss == pytest.approx(expected.loss, rel=tolerance)
        assert step.metrics == pytest.approx(expected.metrics)
