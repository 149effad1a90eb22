"""Every CUDA kernel, run on the CPU, against the plain loops: the cases of all backends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnscratch import kernels
from nnscratch.kernels.cases import CASES, DType, OpCase
from nnscratch.kernels.cupy.device import on
from nnscratch.kernels.ops import Array
from tests.cuda.device_array import DeviceArray
from tests.cuda.emulator import EmulatedDevice
from tests.kernels.test_cases import assert_right

TABLE = {op: function for (op, backend), function in kernels.table().items() if backend == "cupy"}
MINE = [case for case in CASES if case.op in TABLE]

every_case = pytest.mark.parametrize("case", MINE, ids=str)


def to_device(device: EmulatedDevice, argument: Any) -> Any:
    return device.xp.asarray(argument) if isinstance(argument, np.ndarray) else argument


def call(device: EmulatedDevice, case: OpCase, arguments: tuple[Any, ...]) -> tuple[Array, ...]:
    """The results of an operation on the device, on the host."""
    with on(device):
        result = TABLE[case.op](*(to_device(device, argument) for argument in arguments))
    results = result if isinstance(result, tuple) else (result,)
    assert all(isinstance(result, DeviceArray) for result in results)
    return tuple(result.host for result in results)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@every_case
def test_a_kernel_agrees_with_the_loops(case: OpCase, dtype: DType) -> None:
    assert_right(call(EmulatedDevice(), case, case.arguments(dtype)), case, dtype)
