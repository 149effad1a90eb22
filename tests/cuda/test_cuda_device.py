"""What is said where there is no GPU, and how CuPy is asked: a stand-in writes it down."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.backend import BackendError, get_backend
from nnscratch.core.errors import UnknownNameError
from nnscratch.kernels.cupy import device, sources
from nnscratch.kernels.cupy.device import CupyDevice, on


class CUDARuntimeError(RuntimeError):
    """As CuPy's."""


class OutOfMemoryError(MemoryError):
    """As CuPy's."""


class Array:
    """An array on a GPU, of which only this is known."""

    def __init__(self, shape: Any, gpu: int = 0):
        self.shape, self.nbytes = shape, 4 * int(np.prod(shape))
        self.device = SimpleNamespace(id=gpu)

    def get(self) -> Any:
        return np.zeros(self.shape)


class StandIn:
    """The module CuPy, as far as the device uses it; it writes down what it is asked."""

    ndarray = Array
    __version__ = "14.2.0"

    def __init__(self, gpus: int = 2, driver: int = 13000, room: int = 2**30):
        self.asked: list[Any] = []
        self.room = room
        self.runtime = SimpleNamespace(
            CUDARuntimeError=CUDARuntimeError,
            getDeviceCount=self._count(gpus, driver),
            driverGetVersion=lambda: driver,
            runtimeGetVersion=lambda: 13000,
            memGetInfo=lambda: (room, 2 * room),
            getDeviceProperties=lambda number: {"name": b"GPU of paper"},
        )
        memory = SimpleNamespace(OutOfMemoryError=OutOfMemoryError)
        self.allocator: Any = self._allocate
        self.cuda = SimpleNamespace(
            runtime=self.runtime,
            Device=self._device,
            memory=memory,
            get_allocator=lambda: self.allocator,
            set_allocator=lambda allocator: setattr(self, "allocator", allocator),
        )

    def _count(self, gpus: int, driver: int) -> Any:
        def count() -> int:
            if driver < 13000:
                raise CUDARuntimeError("cudaErrorInsufficientDriver")
            return gpus

        return count

    def _device(self, number: int) -> Any:
        return SimpleNamespace(
            use=lambda: self.asked.append(("use", number)), compute_capability="90"
        )

    def _allocate(self, size: int) -> None:
        if size > self.room:
            raise OutOfMemoryError("Out of memory")

    def empty(self, shape: Any, dtype: Any) -> Array:
        self.allocator(int(np.prod(shape)) * np.dtype(dtype).itemsize)
        return Array(shape)

    def asarray(self, array: Any) -> Any:
        return array if isinstance(array, Array) else self.empty(array.shape, array.dtype)

    def get_default_memory_pool(self) -> Any:
        return SimpleNamespace(total_bytes=lambda: 3 * 2**20, used_bytes=lambda: 2**20)

    def RawModule(self, code: str, options: tuple[str, ...]) -> Any:  # noqa: N802
        self.asked.append(("compile", code, options))

        def get_function(name: str) -> Any:
            return lambda *launch, **rest: self.asked.append((name, *launch, rest))

        return SimpleNamespace(get_function=get_function)


@pytest.fixture
def nobody() -> Iterator[None]:
    """A process that works on no GPU yet."""
    with on(None):
        yield


pytestmark = pytest.mark.usefixtures("nobody")


def installed(monkeypatch: pytest.MonkeyPatch, **facts: Any) -> StandIn:
    cupy = StandIn(**facts)
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    return cupy


def test_cupy_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(
        BackendError, match=r"'cupy': CuPy is not installed, .*pip install .*cuda13"
    ):
        get_backend("cupy")


@pytest.mark.parametrize(
    ("driver", "message"),
    [
        (0, "'cupy': no usable NVIDIA GPU or driver"),
        (12040, r"driver is too old: it knows CUDA 12\.4, CuPy was built for CUDA 13\.0; update"),
    ],
)
def test_a_driver_that_does_not_do_is_named(
    monkeypatch: pytest.MonkeyPatch, driver: int, message: str
) -> None:
    installed(monkeypatch, driver=driver)
    with pytest.raises(BackendError, match=message):
        nn.Sequential([nn.Input((3,)), nn.Dense(2)], backend="cupy")


def test_a_gpu_is_chosen_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    cupy = installed(monkeypatch)
    with pytest.raises(BackendError, match="there is no GPU 2: 2 found, numbered from 0"):
        get_backend("cupy:2")
    backend = get_backend("cupy:1")
    assert (backend.name, cupy.asked) == ("cupy:1", [("use", 1)])
    facts = {"gpu": "GPU of paper", "driver": "13.0", "cuda": "13.0", "cupy": "14.2.0"}
    assert backend.facts == facts
    assert get_backend("cupy") is get_backend("cupy:1") is backend
    with pytest.raises(BackendError, match="works on GPU 1 already, and cannot on GPU 0 too"):
        get_backend("cupy:0")


@pytest.mark.parametrize("name", ["cupy:", "cupy:-1", "cupy:one", "numba:1", "cuda"])
def test_a_name_that_says_nothing_is_refused(name: str) -> None:
    with pytest.raises(UnknownNameError, match=name):
        get_backend(name)


def test_a_full_gpu_says_what_was_asked_for_and_what_is_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed(monkeypatch)
    gpu = CupyDevice()
    assert gpu.empty((10,), np.float32).shape == (10,)
    message = (
        r"GPU 0: an array of 2\.34 GiB was asked for, and 1\.00 GiB of 2\.00 GiB are free; the "
        "model is as it was: take a smaller batch"
    )
    for full in (gpu.empty, gpu.xp.empty):  # an array of ours, and one of CuPy's own
        with pytest.raises(MemoryError, match=message):
            full((30, 10, 2**21), np.float32)


def test_an_array_of_another_gpu_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    with pytest.raises(ValueError, match=r"'cupy:0': got an array \(3,\) that lies on GPU 1"):
        CupyDevice().put(Array((3,), gpu=1))


def test_cupy_that_was_told_to_multiply_in_tf32_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    monkeypatch.setenv("CUPY_TF32", "1")
    with pytest.raises(
        BackendError, match=r"CUPY_TF32 .* unasked; unset it, and .*precision='tf32'"
    ):
        get_backend("cupy")
    monkeypatch.setenv("CUPY_TF32", "0")
    get_backend("cupy")


def test_a_thread_that_brings_data_works_on_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    cupy = installed(monkeypatch)
    gpu = CupyDevice(1)
    gpu.put(np.zeros(3))
    assert cupy.asked == [("use", 1), ("use", 1)]


def test_nothing_is_a_null_pointer(monkeypatch: pytest.MonkeyPatch) -> None:
    cupy = installed(monkeypatch)
    CupyDevice().launch("activation", "gelu", {"Real": "float"}, (1, 1, 1), (32, 1, 1), [None])
    (null,) = cupy.asked[-1][3]
    assert (null, null.dtype) == (0, np.uintp)


def test_a_kernel_is_compiled_once_and_launched(monkeypatch: pytest.MonkeyPatch) -> None:
    cupy, arguments = installed(monkeypatch), [Array((3,)), np.int64(3)]
    gpu = CupyDevice()
    for kernel in ("tanh_of", "gelu", "tanh_of"):
        gpu.launch("activation", kernel, {"Real": "float"}, (1, 1, 1), (32, 1, 1), arguments, 8)
    text = sources.text("activation")
    assert cupy.asked[1] == ("compile", text, ("--std=c++17", "-DReal=float"))
    launched = [(*entry[:3], entry[3], entry[4]) for entry in cupy.asked[2:]]
    assert launched == [
        (kernel, (1, 1, 1), (32, 1, 1), tuple(arguments), {"shared_mem": 8})
        for kernel in ("tanh_of", "gelu", "tanh_of")
    ]
    assert device.version(13020) == "13.2"
