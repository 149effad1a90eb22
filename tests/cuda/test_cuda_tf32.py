"""Tensor cores: what they multiply, and that nobody takes them unasked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.backend import BackendError
from nnscratch.core.errors import UnknownNameError
from nnscratch.kernels import resolve
from nnscratch.kernels.cases import CASES, OpCase
from nnscratch.kernels.cupy import sources
from nnscratch.kernels.cupy.device import on
from nnscratch.kernels.ops import Array
from tests.cuda.device_array import DeviceArray
from tests.cuda.emulator import EmulatedDevice, KernelError
from tests.cuda.host import there
from tests.cuda.nets import X, Y, lenet

OPS = [op for op, home in resolve("cupy:tf32").source.items() if home == "cupy:tf32"]
PRODUCTS = [case for case in CASES if case.op in OPS and "finished" not in case.name]


def rounded(argument: Any) -> Any:
    """An array of float32 with 10 bits behind the point: the nearest, ties away from 0."""
    if not isinstance(argument, np.ndarray) or argument.dtype != np.float32:
        return argument
    bits = argument.view(np.uint32)
    return ((bits + np.uint32(0x1000)) & np.uint32(0xFFFFE000)).view(np.float32)


def call(case: OpCase, dtype: Any, device: EmulatedDevice) -> Array:
    with on(device):
        result = getattr(resolve("cupy:tf32"), case.op)(*map(there, case.arguments(dtype)))
    assert isinstance(result, DeviceArray)
    return result.host


def test_it_is_convolution_and_matrix_product() -> None:
    convolutions = ["conv2d", "conv2d_input_gradient", "conv2d_kernel_gradient"]
    assert sorted(OPS) == [*convolutions, "matmul"]


@pytest.mark.parametrize("case", PRODUCTS, ids=str)
def test_products_are_those_of_rounded_factors(case: OpCase) -> None:
    device, arguments = EmulatedDevice(orders=["shuffled"]), case.arguments("float32")
    got = call(case, "float32", device)
    is_direct = any("direct" in kernel for kernel in device.launches)
    factors = arguments if is_direct else (*map(rounded, arguments[:2]), *arguments[2:])
    right = getattr(resolve("numpy"), case.op)(*factors)
    np.testing.assert_allclose(got, right, rtol=1e-5, atol=3e-6 * np.abs(right).max())


@pytest.mark.parametrize("case", PRODUCTS[::9], ids=str)
def test_float64_is_as_ever(case: OpCase) -> None:
    got = call(case, "float64", EmulatedDevice(orders=["forward"]))
    right = getattr(resolve("numpy"), case.op)(*case.arguments("float64"))
    np.testing.assert_allclose(got, right, rtol=1e-12, atol=1e-12 * np.abs(right).max())


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("line + n % 2 * 8", "line + n / 2 * 8", "Mismatch"),
        (
            "DEVICE Real factor(Real number) { return rounded_to_tf32(number); }",
            "DEVICE Real factor(Real number) { return number; }",
            "not rounded to TF32",
        ),
        (
            "[warp_column() + c * 8 + line]",
            "[warp_column() + c * 8 + line + 32]",
            "Mism|nobody|bounds",
        ),
        ("row_in_fragment(n % 4)", "row_in_fragment(n % 2)", "races|nan"),
    ],
)
def test_a_mistake_is_seen(right: str, wrong: str, said: str) -> None:
    text, case = sources.text("conv/implicit_gemm"), PRODUCTS[0]
    assert text.count(right) == 1
    device = EmulatedDevice(files={"conv/implicit_gemm": text.replace(right, wrong)})
    with pytest.raises((KernelError, AssertionError), match=said):
        np.testing.assert_allclose(
            call(case, "float32", device),
            resolve("numpy").ops.conv2d(*map(rounded, case.arguments("float32"))),
            rtol=1e-4,
        )


# -- who takes it --------------------------------------------------------------------------------


def launched(model: nn.Model, device: EmulatedDevice) -> list[bool]:
    """Whether tensor cores made each product of a step."""
    seen = []
    plain = device.launch

    def launch(source: str, kernel: str, defines: Any, *rest: Any) -> None:
        if source == "conv/implicit_gemm" and kernel != "add_slabs":
            seen.append("TF32" in defines)
        plain(source, kernel, defines, *rest)

    device.launch = launch  # type: ignore[method-assign]
    model.train_step(X[:8], Y[:8])
    return seen


def test_it_is_taken_when_asked_for_and_else_never(device: EmulatedDevice) -> None:
    assert not any(launched(lenet("cupy"), device))
    model = lenet("cupy", precision="tf32")
    assert model.backend.name == "cupy:tf32"
    assert all(launched(model, device))
    assert model.backend.source["matmul"] == "cupy:tf32"
    assert model.backend.source["relu"] == "cupy"


def test_a_training_in_tf32_is_near_one_in_float32(device: EmulatedDevice) -> None:
    steps = [lenet("cupy", precision=p).train_step(X[:24], Y[:24]) for p in ("float32", "tf32")]
    assert steps[0].loss != steps[1].loss
    assert steps[0].loss == pytest.approx(steps[1].loss, rel=1e-3)


def test_it_needs_tensor_cores_that_know_it(device: EmulatedDevice) -> None:
    device.architecture = 75
    with pytest.raises(
        BackendError, match=r"'cupy:tf32': GPU 0 is sm_75, and TF32 came with sm_80"
    ):
        lenet("cupy", precision="tf32")
    with pytest.raises(BackendError, match="backend 'numpy' has none; choose backend='cupy'"):
        lenet("numpy", precision="tf32")
    with pytest.raises(UnknownNameError, match="precision"):
        lenet("cupy", precision="float16")
