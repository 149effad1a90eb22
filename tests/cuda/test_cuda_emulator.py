"""The emulator finds what it promises to find, in kernels of a few lines."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from nnscratch.kernels.cupy import sources
from tests.cuda import device_array
from tests.cuda.device_array import DeviceArray
from tests.cuda.emulator import EmulatedDevice, KernelError

PRIMITIVES = (sources.HERE / "primitives.cuh").read_text()


def run(body: str, *arrays: Any, blocks: int = 1, threads: int = 64, shared: int = 0) -> list[Any]:
    """Run a kernel of int arrays a, b, ... and return what they hold then."""
    names = ", ".join(f"int* {name}" for name, _ in zip("abc", arrays, strict=False))
    text = f"{PRIMITIVES}\nKERNEL tiny({names}) {{ int t = threadIdx.x; {body} }}"
    device = EmulatedDevice(files={"tiny": text})
    held = [DeviceArray(np.array(array, np.int32)) for array in arrays]
    device.launch("tiny", "tiny", {}, (blocks, 1, 1), (threads, 1, 1), held, shared)
    return [array.host for array in held]


REVERSE = "__shared__ int s[64]; s[t] = a[t]; __syncthreads(); a[t] = s[63 - t];"


def test_threads_meet_at_a_barrier() -> None:
    (a,) = run(REVERSE, np.arange(64))
    np.testing.assert_array_equal(a, np.arange(64)[::-1])


def test_a_missing_barrier_is_a_race() -> None:
    with pytest.raises(KernelError, match=r"thread \(\d+, 0, 0\) (reads what nobody|races)"):
        run(REVERSE.replace("__syncthreads();", ""), np.arange(64))


def test_a_missing_barrier_between_two_turns_is_a_race() -> None:
    body = "__shared__ int s[64]; for (int i = 0; i < 2; ++i) {" + REVERSE[22:] + "}"
    with pytest.raises(KernelError, match="races"):
        run(body, np.arange(64))
    (a,) = run(
        body.replace("a[t] = s[63 - t];", "a[t] = s[63 - t]; __syncthreads();"), [*range(64)]
    )
    np.testing.assert_array_equal(a, np.arange(64))


def test_two_blocks_have_no_barrier_between_them() -> None:
    with pytest.raises(KernelError, match="races, writes what another thread wrote: argument 0"):
        run("a[t] = blockIdx.x;", np.zeros(64), blocks=2)


def test_two_threads_must_not_add_to_one_number() -> None:
    with pytest.raises(KernelError, match="races"):
        run("a[0] += b[t];", [0], np.arange(64))


def test_integers_may_be_counted_in_any_order() -> None:
    (a, _) = run("count_up(a, b[t]);", [0], np.arange(64), blocks=2)
    assert a[0] == 2 * np.arange(64).sum()


def test_floating_point_numbers_may_not() -> None:
    with pytest.raises(KernelError, match=r"error: .*atomicAdd|no matching function|ambiguous"):
        run("__shared__ float s; atomicAdd(&s, 1.0f);", [0])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "a[t + 1] = t;",
            r"thread \(63, 0, 0\) writes out of bounds: argument 0, element 64 of 64",
        ),
        ("a[t - 1] = t;", r"thread \(0, 0, 0\) writes out of bounds: argument 0, element -1 of 64"),
        ("a[t] = b[64 + t];", r"reads out of bounds: argument 1, element 64 of 64"),
        (
            "__shared__ int s[64]; s[t + 1] = t; __syncthreads(); a[t] = s[t];",
            "writes out of bounds: shared",
        ),
    ],
)
def test_memory_of_others_is_out_of_bounds(body: str, message: str) -> None:
    with pytest.raises(KernelError, match=message):
        run(body, np.zeros(64), np.zeros(64))


def test_a_barrier_is_for_all_threads() -> None:
    with pytest.raises(KernelError, match=r"barrier of line \d+: thread \d+ waits .* has ended"):
        run("if (t < 40) __syncthreads();", np.zeros(1))
    with pytest.raises(KernelError, match=r"waits in a barrier of line \d+"):
        run("if (t < 40) __syncthreads();\n else __syncthreads();", np.zeros(1))


def test_a_shuffle_is_for_a_whole_warp() -> None:
    with pytest.raises(KernelError, match="shuffle of line"):
        run("if (t < 40) warp_sum(t);", np.zeros(1))
    with pytest.raises(KernelError, match="fewer than 32 threads"):
        run("warp_sum(t);", np.zeros(1), threads=20)


def test_a_warp_adds_up() -> None:
    (a,) = run("a[t] = warp_sum(t); a[t] += warp_max((float)t);", np.zeros(64))
    np.testing.assert_array_equal(a, [496 + 31] * 32 + [1520 + 63] * 32)


def test_indices_are_split_beyond_32_bits_too() -> None:
    (a,) = run(
        "Size i = 3000000000ll * t + 7; Split s = split(i, 1000000007ll);"
        "a[2 * t] = s.whole; a[2 * t + 1] = s.rest;",
        np.zeros(128),
    )
    i = 3_000_000_000 * np.arange(64) + 7
    np.testing.assert_array_equal(a.reshape(-1, 2), np.stack(np.divmod(i, 1_000_000_007), axis=1))


def test_shared_memory_may_be_as_large_as_the_launch_says() -> None:
    body = "SHARED(int, s); s[t] = a[t]; __syncthreads(); a[t] = s[63 - t];"
    (a,) = run(body, np.arange(64), shared=256)
    np.testing.assert_array_equal(a, np.arange(64)[::-1])
    with pytest.raises(KernelError, match="out of bounds"):
        run(body, np.arange(64), shared=128)
    with pytest.raises(KernelError, match="more dynamic shared memory than 48 KiB"):
        run(body, np.arange(64), shared=48 * 1024 + 4)


def test_after_a_fault_the_next_kernel_runs() -> None:
    for _ in range(3):
        with pytest.raises(KernelError):
            run("if (t < 40) __syncthreads();", np.zeros(1))
        (a,) = run(REVERSE, np.arange(64))
        np.testing.assert_array_equal(a, np.arange(64)[::-1])


def test_arguments_have_the_types_that_the_kernel_declares() -> None:
    device = EmulatedDevice()
    x = device.xp.asarray(np.zeros(3, np.float32))
    arguments = [x, x, np.int32(3)]
    with pytest.raises(AssertionError, match="tanh_of: argument 2 is i8, got i4"):
        device.launch("activation", "tanh_of", {"Real": "float"}, (1, 1, 1), (32, 1, 1), arguments)
    with pytest.raises(AssertionError, match=r"takes .* got 2 arguments"):
        device.launch("activation", "tanh_of", {"Real": "float"}, (1, 1, 1), (32, 1, 1), [x, x])


@pytest.mark.parametrize(("blocks", "threads"), [(0, 32), (1, 0), (1, 1056), (2**31, 32)])
def test_a_launch_that_cuda_refuses_is_refused(blocks: int, threads: int) -> None:
    with pytest.raises(KernelError, match=r"CUDA refuses a grid"):
        run("a[0] = 1;", np.zeros(1), blocks=blocks, threads=threads)


# -- arrays --------------------------------------------------------------------------------------


def test_device_arrays_keep_to_themselves() -> None:
    xp: Any = EmulatedDevice().xp
    x, host = xp.asarray(np.ones(3)), np.ones(3)
    for mixed in (lambda: x + host, lambda: host + x, lambda: xp.sqrt(host), lambda: x[host > 0]):
        with pytest.raises(TypeError, match="not on the device"):
            mixed()
    with pytest.raises(TypeError, match=re.escape("use .get()")):
        np.asarray(x)
    assert isinstance(2 * x + xp.arange(3), DeviceArray)
    assert isinstance(x.sum(), DeviceArray)


def test_what_cupy_lacks_is_lacking() -> None:
    xp: Any = EmulatedDevice().xp
    with pytest.raises(AttributeError, match="module 'cupy' has no attribute 'errstate'"):
        xp.errstate(all="ignore")
    with pytest.raises(AttributeError, match="setflags"):
        xp.zeros(3).setflags(write=False)
    with pytest.raises(TypeError, match="DeviceArray"):
        range(xp.asarray(3))


def test_sums_without_an_order_are_refused() -> None:
    xp: Any = EmulatedDevice().xp
    with pytest.raises(TypeError, match=r"add\.at: a GPU adds in no fixed order"):
        xp.add.at(xp.zeros(3), xp.asarray([0, 0]), 1.0)


def test_transfers_are_counted() -> None:
    xp: Any = EmulatedDevice().xp
    device_array.transfers.clear()
    x = xp.asarray(np.ones(3))
    assert dict(device_array.transfers) == {"in": 1}
    assert (float(x[0]), bool(x[1]), x.get().tolist()) == (1.0, True, [1, 1, 1])
    assert device_array.transfers["out"] == 3


def test_new_memory_is_no_number() -> None:
    xp: Any = EmulatedDevice().xp
    assert np.isnan(xp.empty((2, 3), np.float32).host).all()
