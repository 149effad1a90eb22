"""What the blocks of windows must not cost, and exact zeros."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from nnscratch.kernels import resolve
from nnscratch.kernels.geometry import Window
from nnscratch.kernels.numba import parallel
from nnscratch.kernels.ops import Array

MIB = 1 << 20
ops = resolve("numba").ops


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = parallel.threads()
    parallel.set_threads(2)
    yield
    parallel.set_threads(before)


def extra_memory(function: Callable[[], Array]) -> int:
    """Bytes that a call needs at once beside its result, in a thread without scratch memory."""
    function()  # compiles what is not compiled yet
    peaks: list[int] = []

    def measure() -> None:
        tracemalloc.start()
        result = function()
        peaks.append(tracemalloc.get_traced_memory()[1] - result.nbytes)
        tracemalloc.stop()

    thread = threading.Thread(target=measure)
    thread.start()
    thread.join()
    return peaks[0]


def normal(*shape: int) -> Array:
    return np.random.default_rng(5).standard_normal(shape).astype(np.float32)


def test_a_kernel_as_large_as_the_image() -> None:
    window = Window((400, 400))
    x, kernel, dy = normal(1, 400, 400, 1), normal(400, 400, 1, 3), normal(1, 1, 1, 3)
    y = ops.conv2d(x, kernel, window, 1)
    np.testing.assert_allclose(y[0, 0, 0], np.tensordot(x[0], kernel, 3), rtol=1e-4)
    dx = ops.conv2d_input_gradient(dy, kernel, window, 1, (400, 400))
    np.testing.assert_allclose(dx[0], kernel @ dy[0, 0, 0], rtol=1e-4, atol=1e-5)
    dk = ops.conv2d_kernel_gradient(x, dy, window, 1)
    np.testing.assert_allclose(dk, x[0][..., None] * dy[0, 0, 0], rtol=1e-5)


def test_a_large_kernel_needs_little_memory() -> None:
    window = Window((400, 400))
    x, kernel, dy = normal(1, 410, 410, 1), normal(400, 400, 1, 3), normal(1, 11, 11, 3)
    image = (410, 410)
    every_window = 11 * 11 * kernel[..., 0].nbytes
    assert every_window > 70 * MIB
    assert extra_memory(lambda: ops.conv2d(x, kernel, window, 1)) < 24 * MIB
    assert extra_memory(lambda: ops.conv2d_kernel_gradient(x, dy, window, 1)) < 24 * MIB
    assert extra_memory(lambda: ops.conv2d_input_gradient(dy, kernel, window, 1, image)) < 24 * MIB


def test_a_large_batch_needs_little_memory() -> None:
    window = Window((3, 3), pads=((1, 1), (1, 1)))
    x, kernel = normal(8, 128, 128, 16), normal(3, 3, 16, 16)
    assert 9 * x.nbytes > 70 * MIB
    assert extra_memory(lambda: ops.conv2d(x, kernel, window, 1)) < 8 * MIB
    assert extra_memory(lambda: ops.conv2d_kernel_gradient(x, x, window, 1)) < 8 * MIB
    gradient = extra_memory(lambda: ops.conv2d_input_gradient(x, kernel, window, 1, (128, 128)))
    assert gradient < 8 * MIB


def test_a_pointwise_convolution_copies_nothing() -> None:
    x, kernel = normal(8, 64, 64, 32), normal(1, 1, 32, 32)
    window = Window((1, 1))
    assert extra_memory(lambda: ops.conv2d(x, kernel, window, 1)) < MIB
    gradient = extra_memory(lambda: ops.conv2d_input_gradient(x, kernel, window, 1, (64, 64)))
    assert gradient < MIB


@pytest.mark.parametrize(("channels", "groups"), [(3, 1), (8, 1), (8, 4), (8, 8)])
def test_what_reads_only_zeros_is_exactly_zero(channels: int, groups: int) -> None:
    window = Window((3, 3), pads=((1, 1), (1, 1)))
    depth, columns = channels // groups, 16 // groups
    x, kernel = normal(4, 32, 32, channels), normal(3, 3, depth, 16)
    x[:, 8:20] = 0
    y = ops.conv2d(x, kernel, window, groups)
    assert not y[:, 9:19].any()
    assert np.count_nonzero(y[:, 8]) == y[:, 8].size
    dy = normal(*y.shape)
    dy[:, 8:20] = 0
    dx = ops.conv2d_input_gradient(dy, kernel, window, groups, (32, 32))
    assert not dx[:, 9:19].any()
    x[..., 2] = 0
    dk = ops.conv2d_kernel_gradient(x, dy, window, groups)
    first = 2 // depth * columns  # of the outputs that read channel 2
    assert not dk[:, :, 2 % depth, first : first + columns].any()
