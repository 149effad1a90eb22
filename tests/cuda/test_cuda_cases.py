"""Every CUDA kernel, run on the CPU, against the plain loops: the cases of all backends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nnscratch.kernels import resolve
from nnscratch.kernels.cases import CASES, DType, OpCase
from nnscratch.kernels.cupy import columns, histogram, launch, statistics
from nnscratch.kernels.cupy.device import on
from nnscratch.kernels.geometry import Window
from nnscratch.kernels.ops import Array
from tests.cuda.device_array import DeviceArray
from tests.cuda.emulator import EmulatedDevice
from tests.cuda.host import host_ops, there
from tests.cuda.summary import LAUNCHES
from tests.kernels.test_cases import assert_right, awkward

every_case = pytest.mark.parametrize("case", CASES, ids=str)


def call(device: EmulatedDevice, case: OpCase, arguments: tuple[Any, ...]) -> tuple[Array, ...]:
    """The results of an operation on the device, on the host."""
    with on(device):
        result = getattr(resolve("cupy"), case.op)(*map(there, arguments))
    results = result if isinstance(result, tuple) else (result,)
    assert all(isinstance(result, DeviceArray) for result in results)
    return tuple(result.host for result in results)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@every_case
def test_a_kernel_agrees_with_the_loops(
    case: OpCase, dtype: DType, record_property: Callable[[str, object], None]
) -> None:
    device = EmulatedDevice()
    assert_right(call(device, case, case.arguments(dtype)), case, dtype)
    record_property(LAUNCHES, device.launches.total())


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits so low that small arrays are worked on as large ones are: by and by, in parts."""
    monkeypatch.setattr(launch, "BLOCKS", 2)
    monkeypatch.setattr(launch, "THREADS", launch.WARP)
    monkeypatch.setattr(columns, "LEAST", 1)
    monkeypatch.setattr(statistics, "SLAB", 16)
    monkeypatch.setattr(histogram, "SHARED", 4)


@pytest.mark.usefixtures("pieces")
@every_case
def test_a_kernel_works_on_large_arrays_too(case: OpCase) -> None:
    device = EmulatedDevice(orders=["forward"])
    assert_right(call(device, case, case.arguments("float32")), case, "float32")


@every_case
def test_a_kernel_is_given_arrays_of_any_layout(case: OpCase) -> None:
    arguments = tuple(awkward(argument) for argument in case.arguments("float32"))
    device = EmulatedDevice(orders=["forward"])
    assert_right(call(device, case, arguments), case, "float32")


@every_case
def test_a_kernel_leaves_its_arguments_alone(case: OpCase) -> None:
    device, arguments = EmulatedDevice(orders=["forward"]), case.arguments("float32")
    held = tuple(map(there, arguments))
    with on(device):
        result = getattr(resolve("cupy"), case.op)(*held)
    results = result if isinstance(result, tuple) else (result,)
    for mine, argument in zip(held, arguments, strict=True):
        if isinstance(mine, DeviceArray):
            np.testing.assert_array_equal(mine.host, argument)
            assert not any(np.shares_memory(mine.host, result.host) for result in results)


def test_a_long_sum_keeps_its_digits() -> None:
    device, x = EmulatedDevice(orders=["forward"]), np.random.default_rng(1).random((50_000, 3))
    x = x.astype(np.float32) + 5
    exact = x.astype(np.float64)
    with on(device):
        bias = resolve("cupy").ops.bias_gradient(device.xp.asarray(x))
        mean, variance = resolve("cupy").ops.moments(device.xp.asarray(x[:, :, None]))
    np.testing.assert_allclose(bias.host, exact.sum(axis=0), rtol=1e-6)
    np.testing.assert_allclose(mean.host, exact.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(variance.host, exact.var(axis=0), rtol=1e-6)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_channel_may_begin_with_infinity() -> None:
    x = np.array([[np.inf, 1], [2, -np.inf]], np.float32)[:, :, None]
    results = (ops.moments(x) for ops in (host_ops(), resolve("numpy").ops))
    for got, expected in zip(*results, strict=True):
        np.testing.assert_array_equal(got, expected)


WINDOW = Window((2, 2), pads=((0, 1), (0, 1)))
IMAGES, KERNEL, CHANNELS = (0, 4, 5, 6), (2, 2, 6, 7), (6,)
NOTHING = [
    *(("relu", ((0, 3),), (0.0, 6.0, 0.0)), ("tanh_gradient", ((0, 3), (0, 3)), ())),
    *(("prelu", ((0, 3), (3,)), ()), ("prelu_gradient", ((0, 3), (0, 3), (3,)), ())),
    *(("softmax", ((0, 4),), ()), ("softmax_cross_entropy", ((0, 4), (0, 4)), ())),
    *(("squared_error", ((0, 4), (0, 4)), ()), ("adam", ((0,),) * 3, (1e-3, 0.9, 0.999, 1e-7))),
    *(("add", ((0,), (0,)), ()), ("pad", (IMAGES,), (((1, 1), (1, 1)),))),
    *(("dropout", ((0, 3),), ((1, 2), 0.5)), ("bias_gradient", ((0, 3),), ())),
    *(("matmul", ((0, 3), (3, 2), (2,)), ()), ("matmul", ((2, 0), (0, 3)), ())),
    *(("batch_norm", ((0, 3, 1), *((3,),) * 4), (1e-3,)), ("moments", ((0, 3, 1),), ())),
    *(("max_pool2d", (IMAGES,), (WINDOW,)), ("average_pool2d", (IMAGES,), (WINDOW,))),
    ("average_pool2d_gradient", (IMAGES,), (WINDOW, (4, 5))),
    ("conv2d", (IMAGES, KERNEL), (WINDOW, 1)),
    ("conv2d", (IMAGES, (1, 1, 6, 7)), (Window((1, 1)), 1)),
    ("conv2d", (IMAGES, (2, 2, 1, 6)), (WINDOW, 6)),
    ("conv2d_input_gradient", ((0, 4, 5, 7), KERNEL), (WINDOW, 1, (4, 5))),
    ("conv2d_kernel_gradient", (IMAGES, (0, 4, 5, 7)), (WINDOW, 1)),
    ("conv2d_kernel_gradient", (IMAGES, (0, 4, 5, 6)), (WINDOW, 6)),
]


@pytest.mark.parametrize(("op", "shapes", "rest"), NOTHING)
@pytest.mark.filterwarnings("ignore")
def test_nothing_comes_of_nothing(op: str, shapes: Any, rest: Any) -> None:
    arrays = [np.ones(shape, np.float32) for shape in shapes]
    results = []
    for ops in (host_ops(), resolve("numpy").ops):
        result = getattr(ops, op)(*arrays, *rest)
        results.append(result if isinstance(result, tuple) else (result,))
    for got, expected in zip(*results, strict=True):
        assert (got.shape, got.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_array_equal(got, expected)
