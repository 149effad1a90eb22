"""Arrays of more than 2^31 elements: a kernel's last block finds the last ones.

Their memory is asked for without being set aside. The block goes through the whole array, in the
steps of the grid, and what it reads or writes elsewhere is seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from nnscratch.kernels import resolve
from nnscratch.kernels.cupy import sources
from nnscratch.kernels.cupy.conv import im2col
from nnscratch.kernels.cupy.device import on
from nnscratch.kernels.geometry import Pair, Window
from nnscratch.kernels.ops import Array
from tests.cuda.device_array import DeviceArray
from tests.cuda.emulator import EmulatedDevice, KernelError
from tests.kernels.test_beyond_32_bits import sparse

SIDE, CHANNELS = 128, 32
IMAGES = (
    2**31 // (SIDE * SIDE * CHANNELS) + 8
)  # so that the grid's last block has the last elements
SIZE = IMAGES * SIDE * SIDE * CHANNELS
LAST = np.random.default_rng(0).standard_normal((1, SIDE, SIDE, CHANNELS)).astype(np.float32)
OWN = 8
"""Pixels, of 32 channels, that are a block's."""

WINDOW = Window((3, 3), pads=((1, 1), (1, 1)))
WEIGHTS = np.random.default_rng(1).standard_normal((3, 3, CHANNELS, CHANNELS)).astype(np.float32)
APART = np.ascontiguousarray(WEIGHTS[:, :, :1])
IMAGE, CELL = (SIDE, SIDE), Window((1, 1))

oracle, ops = resolve("numpy").ops, resolve("cupy").ops


class VastDevice(EmulatedDevice):
    """What stands for a GPU with room for everything."""

    def empty(self, shape: tuple[int, ...], dtype: Any) -> DeviceArray:
        return DeviceArray(sparse(*shape, dtype=np.dtype(dtype).str))


@pytest.fixture(autouse=True)
def vast() -> Iterator[None]:
    with on(VastDevice(orders=["forward"], last_block=True)):
        yield


def images(last: Array = LAST) -> DeviceArray:
    """Many, of zeros; but the last one is not."""
    x = sparse(IMAGES, *last.shape[1:], dtype=last.dtype.str)
    x[-1] = last[0]
    return DeviceArray(x)


def held(argument: Any) -> Any:
    return DeviceArray(argument) if isinstance(argument, np.ndarray) else argument


PLACES = np.random.default_rng(2).integers(
    9, size=(1, SIDE - 2, SIDE - 2, CHANNELS), dtype=np.uint8
)
INNER = np.ascontiguousarray(LAST[:, 1:-1, 1:-1])

IMAGES_TO_IMAGES = [
    ("add", (LAST, LAST), ()),
    ("prelu", (LAST,), (np.float32(range(CHANNELS)),)),
    ("softmax", (LAST,), ()),
    ("pad", (LAST,), (((0, 0), (0, 0)),)),
    ("max_pool2d", (LAST,), (WINDOW,)),
    ("max_pool2d_gradient", (INNER, PLACES), (Window((3, 3)), IMAGE)),
    ("average_pool2d", (LAST,), (WINDOW,)),
    ("average_pool2d_gradient", (LAST,), (WINDOW, IMAGE)),
    ("conv2d", (LAST,), (WEIGHTS, WINDOW, 1)),
    ("conv2d", (LAST,), (APART, WINDOW, CHANNELS)),
    ("conv2d_input_gradient", (LAST,), (WEIGHTS, WINDOW, 1, IMAGE)),
    ("conv2d_input_gradient", (LAST,), (APART, WINDOW, CHANNELS, IMAGE)),
]


@pytest.mark.parametrize(("op", "vast_ones", "rest"), IMAGES_TO_IMAGES)
def test_images_from_images(op: str, vast_ones: Any, rest: Any) -> None:
    result = getattr(ops, op)(*map(images, vast_ones), *map(held, rest))
    right = getattr(oracle, op)(*vast_ones, *rest)
    got, expected = (r[0] if isinstance(r, tuple) else r for r in (result, right))
    assert got.size == SIZE > 2**31
    near = got.host[-1, -1, -OWN:], expected[-1, -1, -OWN:]
    np.testing.assert_allclose(*near, rtol=0, atol=1e-4)


def test_side_by_side() -> None:
    halves = [np.ascontiguousarray(half) for half in np.split(LAST, 2, axis=-1)]
    got = ops.concatenate(-1, *map(images, halves)).host
    np.testing.assert_array_equal(got[-1, -1, -OWN:], LAST[-1, -1, -OWN:])


def test_windows_as_rows_and_back() -> None:
    rows = im2col.im2col(images(), CELL, 1)
    np.testing.assert_array_equal(rows.host[0, -OWN:], LAST[0, -1, -OWN:])
    rows = DeviceArray(images().host.reshape(1, -1, CHANNELS))
    back = im2col.col2im(rows, CELL, (IMAGES, SIDE, SIDE, CHANNELS))
    np.testing.assert_array_equal(back.host[-1, -1, -OWN:], LAST[-1, -1, -OWN:])


@pytest.mark.parametrize(
    ("op", "source", "right", "wrong"),
    [
        ("add", "sums", "for (Size i = blockIdx", "for (int i = blockIdx"),
        ("max_pool2d", "pool", "const Real cell = x[(", "const Real cell = x[(int)("),
    ],
)
def test_a_mistake_is_seen(op: str, source: str, right: str, wrong: str) -> None:
    """An index of 32 bits."""
    text = sources.text(source)
    assert text.count(right) == 1
    files = {source: text.replace(right, wrong)}
    arguments = {"add": (images(), images()), "max_pool2d": (images(), WINDOW)}[op]
    with (
        on(VastDevice(orders=["forward"], files=files, last_block=True)),
        pytest.raises(KernelError, match="out of bounds"),
    ):
        getattr(ops, op)(*arguments)


# -- sums: what the other blocks would have added is 0 -------------------------------------------


def test_a_sum_over_rows() -> None:
    dy = sparse(SIZE, 1)
    dy[-100:] = 1
    np.testing.assert_array_equal(ops.bias_gradient(DeviceArray(dy)).host, [100])


@pytest.mark.parametrize(("size", "groups"), [((1, 1), 1), ((3, 3), CHANNELS)])
def test_a_kernels_gradient(size: Pair, groups: int) -> None:
    window = Window(size, strides=(16, 16))
    dy = np.random.default_rng(3).standard_normal((1, *window.output_size(IMAGE), CHANNELS))
    dy = dy.astype(np.float32)
    got = ops.conv2d_kernel_gradient(images(), images(dy), window, groups)
    expected = oracle.conv2d_kernel_gradient(LAST, dy, window, groups)
    near = (array.reshape(-1)[-CHANNELS:] for array in (got.host, expected))
    np.testing.assert_allclose(*near, rtol=0, atol=1e-4)


def test_statistics() -> None:
    last = LAST.copy()
    last[0, -1, -3:, 0] = np.nan
    bounds = DeviceArray(np.array([[0, SIZE]]))
    row = ops.statistics(DeviceArray(images(last).host.reshape(-1)), bounds, np.nan, np.nan)
    assert row.host[0, 7] == 3


def test_a_histogram() -> None:
    last = np.zeros_like(LAST)
    last[0, -1, -OWN:] = 5
    counts = ops.histogram(images(last), 1.0, 10.0, 3)
    np.testing.assert_array_equal(counts.host, [0, OWN * CHANNELS, 0])
