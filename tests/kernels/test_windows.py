"""Convolution and pooling over random windows, against the plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnscratch.kernels import BACKENDS, resolve
from nnscratch.kernels.geometry import Pair, Window, span
from nnscratch.kernels.ops import Array

every_backend = pytest.mark.parametrize(
    "backend", [backend for backend in BACKENDS if backend != "naive"]
)
naive = resolve("naive").ops


def pairs(low: int, high: int) -> st.SearchStrategy[Pair]:
    return st.tuples(st.integers(low, high), st.integers(low, high))


@st.composite
def axes(draw: st.DrawFn, dilated: bool) -> tuple[int, int, int, Pair, int]:
    """(size, stride, dilation, pads, length) of a window along one axis of an image it fits into.

    Padded by its size a pooling window could lie in the padding alone; a convolution's may.
    """
    size, stride = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    dilation = draw(st.integers(1, 3)) if dilated else 1
    pads = draw(pairs(0, 3 if dilated else size - 1))
    least = max(1, span(size, dilation) - sum(pads))
    return size, stride, dilation, pads, draw(st.integers(least, least + 4))


@st.composite
def slidings(draw: st.DrawFn, dilated: bool) -> tuple[Window, Pair]:
    """A window with any padding, and an image that it fits into."""
    rows, columns = draw(axes(dilated)), draw(axes(dilated))
    *window, image = zip(rows, columns, strict=True)
    return Window(*window), image


def normal(*shape: int) -> Array:
    return np.random.default_rng(shape).standard_normal(shape)


def assert_close(got: Array, expected: Array) -> None:
    scale = np.abs(expected).max(initial=0)
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12 * scale)


@every_backend
@given(slidings(dilated=True), st.integers(1, 2), pairs(1, 3), st.integers(1, 3))
@settings(deadline=None, max_examples=100, derandomize=True)
def test_convolution(
    backend: str, sliding: tuple[Window, Pair], n_images: int, depths: Pair, groups: int
) -> None:
    ops, (window, image) = resolve(backend).ops, sliding
    depth, filters = depths[0], depths[1] * groups
    x = normal(n_images, *image, depth * groups)
    kernel = normal(*window.size, depth, filters)
    dy = normal(n_images, *window.output_size(image), filters)

    assert_close(ops.conv2d(x, kernel, window, groups), naive.conv2d(x, kernel, window, groups))
    assert_close(
        ops.conv2d_input_gradient(dy, kernel, window, groups, image),
        naive.conv2d_input_gradient(dy, kernel, window, groups, image),
    )
    assert_close(
        ops.conv2d_kernel_gradient(x, dy, window, groups),
        naive.conv2d_kernel_gradient(x, dy, window, groups),
    )


@every_backend
@given(slidings(dilated=False), st.integers(1, 2), st.integers(1, 3))
@settings(deadline=None, max_examples=100, derandomize=True)
def test_pooling(backend: str, sliding: tuple[Window, Pair], n_images: int, channels: int) -> None:
    ops, (window, image) = resolve(backend).ops, sliding
    x = np.round(normal(n_images, *image, channels))
    dy = normal(n_images, *window.output_size(image), channels)

    y, argmax = ops.max_pool2d(x, window)
    for got, expected in zip((y, argmax), naive.max_pool2d(x, window), strict=True):
        np.testing.assert_array_equal(got, expected)
    assert_close(
        ops.max_pool2d_gradient(dy, argmax, window, image),
        naive.max_pool2d_gradient(dy, argmax, window, image),
    )
    assert_close(ops.average_pool2d(x, window), naive.average_pool2d(x, window))
    assert_close(
        ops.average_pool2d_gradient(dy, window, image),
        naive.average_pool2d_gradient(dy, window, image),
    )
