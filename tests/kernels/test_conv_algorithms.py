"""Every algorithm for convolution, against the plain loops; and which of them is chosen."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnscratch.kernels import resolve
from nnscratch.kernels.geometry import Pair, Window
from nnscratch.kernels.numba import launch, memory
from nnscratch.kernels.numba.conv import (
    ALGORITHMS,
    Shape,
    choice,
    direct,
    direct_by_cells,
    planes,
    wide,
    winograd,
)
from nnscratch.kernels.numba.finish import NOTHING, Finish, finish
from nnscratch.kernels.numba.microkernel import target
from nnscratch.kernels.numba.microkernel.panels import COPIED
from nnscratch.kernels.ops import Array, Curve
from tests.kernels.test_windows import pairs, slidings

ROOT = Path(__file__).parents[2]
SAME = Window((3, 3), pads=((1, 1), (1, 1)))
GENERAL = ("direct", "im2col")
WINOGRAD = ("winograd2", "winograd4")
EXACT = [name for name, algorithm in ALGORITHMS.items() if algorithm.exact]
ERROR = {**dict.fromkeys([*EXACT, "wide"], 1e-6), "winograd2": 3e-6, "winograd4": 5e-5}
"""The largest of a float32 result, over the largest output."""

naive = resolve("naive").ops


def normal(*shape: int) -> Array:
    return np.random.default_rng(shape).standard_normal(shape)


Arrays = tuple[Array, Array, Array]


def results(
    algorithm: str, arrays: Arrays, window: Window, groups: int, finishing: Finish | None = None
) -> dict[str, Array]:
    """What an algorithm makes of y, dx and dkernel, from x, kernel and dy."""
    (x, kernel, dy), way = arrays, ALGORITHMS[algorithm]
    calls: dict[str, tuple[Any, ...]] = {
        "conv2d": (x, kernel, window, groups, finishing or NOTHING[x.itemsize]),
        "input_gradient": (dy, kernel, window, groups, (x.shape[1], x.shape[2])),
        "kernel_gradient": (x, dy, window, groups),
    }
    made = {name: getattr(way, name)(*calls[name]) for name in calls if way.has(name)}
    if "kernel_gradient" in made:
        out = np.full_like(made["kernel_gradient"], np.nan)
        way.kernel_gradient(x, dy, window, groups, out)
        assert out.tobytes() == made["kernel_gradient"].tobytes()
    return made


def check(
    algorithm: str,
    images: tuple[int, int, int, int],
    filters: int,
    window: Window,
    groups: int,
    oracle: Any = naive,
) -> None:
    n_images, *image, channels = images
    x, kernel = normal(*images), normal(*window.size, channels // groups, filters)
    dy = normal(n_images, *window.output_size((image[0], image[1])), filters)
    right = {
        "conv2d": oracle.conv2d(x, kernel, window, groups),
        "input_gradient": oracle.conv2d_input_gradient(
            dy, kernel, window, groups, (image[0], image[1])
        ),
        "kernel_gradient": oracle.conv2d_kernel_gradient(x, dy, window, groups),
    }
    rounded = (x.astype(np.float32), kernel.astype(np.float32), dy.astype(np.float32))
    single = results(algorithm, rounded, window, groups)
    double = results(algorithm, (x, kernel, dy), window, groups)
    for name, short in single.items():
        expected, long = right[name], double[name]
        scale = np.abs(expected).max(initial=0)
        assert short.dtype == np.float32
        assert np.abs(short - expected).max(initial=0) <= ERROR[algorithm] * scale
        np.testing.assert_allclose(long, expected, rtol=0, atol=1e-13 * scale)


@pytest.mark.parametrize("algorithm", GENERAL)
@given(slidings(dilated=True), st.integers(1, 2), pairs(1, 3), st.integers(1, 3))
@settings(deadline=None, max_examples=60, derandomize=True)
def test_any_window(
    algorithm: str, sliding: tuple[Window, Pair], n_images: int, depths: Pair, groups: int
) -> None:
    window, image = sliding
    check(algorithm, (n_images, *image, depths[0] * groups), depths[1] * groups, window, groups)


ORDERS = {"tiles": 0.0, "filters": np.inf}
"""What the tasks of Winograd's algorithms go by."""


@contextmanager
def going_by(order: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(winograd, "FEW", ORDERS[order])
        patch.setattr(winograd, "FEW_SUMMED", ORDERS[order])
        yield


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("algorithm", WINOGRAD)
@given(st.integers(1, 2), pairs(1, 11), pairs(0, 3), pairs(0, 3), pairs(1, 20))
@settings(deadline=None, max_examples=40, derandomize=True)
def test_any_image_and_padding(
    algorithm: str, order: str, n_images: int, image: Pair, rows: Pair, columns: Pair, depths: Pair
) -> None:
    window = Window((3, 3), pads=(rows, columns))
    if min(window.output_size(image)) >= 1:
        with going_by(order):
            check(algorithm, (n_images, *image, depths[0]), depths[1], window, 1)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("algorithm", WINOGRAD)
@pytest.mark.parametrize(("channels", "filters"), [(130, 5), (1, 200), (65, 257), (128, 48)])
def test_channels_and_filters_of_several_panels(
    algorithm: str, order: str, channels: int, filters: int
) -> None:
    with going_by(order):
        check(algorithm, (2, 5, 6, channels), filters, SAME, 1, oracle=resolve("numpy").ops)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("algorithm", WINOGRAD)
@pytest.mark.parametrize("filters", [64, 75, 300, 320])
def test_leftovers_in_memory_are_not_read(
    algorithm: str, order: str, filters: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_of_nan(shape: tuple[int, ...], dtype: Any) -> Array:
        return np.full(shape, np.nan, dtype)

    monkeypatch.setattr(memory, "empty", full_of_nan)
    with going_by(order):
        check(algorithm, (2, 9, 6, 70), filters, SAME, 1, oracle=resolve("numpy").ops)


def test_tasks_go_by_filters_where_there_are_few_tiles() -> None:
    def order(images: int, side: int, most: float) -> ModuleType:
        return winograd.order(images, (side, side), 4, 256, 256, most)

    assert order(1, 14, winograd.FEW) is winograd.winograd_by_filters
    assert order(32, 28, winograd.FEW) is winograd.winograd_by_tiles
    assert order(1, 112, winograd.FEW) is winograd.winograd_by_tiles
    assert order(8, 28, winograd.FEW_SUMMED) is winograd.winograd_by_filters
    assert order(1, 256, np.inf) is winograd.winograd_by_filters
    assert order(1, 260, np.inf) is winograd.winograd_by_tiles  # too long a sum to be precise


@pytest.mark.parametrize(("matrix", "windows"), [(1, 1), (40, 30), (400, 1024)])
@given(slidings(dilated=True), st.integers(1, 3), st.integers(1, 4), st.sampled_from([2, 16, 21]))
@settings(deadline=None, max_examples=60, derandomize=True)
def test_lines_of_an_image(
    matrix: int,
    windows: int,
    sliding: tuple[Window, Pair],
    n_images: int,
    channels: int,
    filters: int,
) -> None:
    window, image = sliding
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planes, "MATRIX", matrix)
        patch.setattr(planes, "PIXELS", windows)
        patch.setattr(planes, "GRAIN_FLOP", 1)
        check("planes", (n_images, *image, channels), filters, window, 1)


@given(slidings(dilated=True), st.integers(1, 2), st.integers(1, 5), st.integers(1, 9))
@settings(deadline=None, max_examples=150, derandomize=True)
def test_pixels_side_by_side(
    sliding: tuple[Window, Pair], n_images: int, channels: int, filters: int
) -> None:
    window, image = sliding
    if wide.fits(window, 1):
        check("wide", (n_images, *image, channels), filters, window, 1)


@pytest.mark.parametrize("strides", [(1, 1), (2, 2), (1, 3)])
@pytest.mark.parametrize(("filters", "least"), [(1, 4), (2, 2), (3, 2), (8, 1)])
def test_pixels_side_by_side_are_what_single_ones_are(
    strides: Pair, filters: int, least: int
) -> None:
    lanes = target.TARGET.lanes(4)
    window = Window((5, 5), strides, pads=((2, 2), (2, 2)))
    x = normal(2, 13, 48, 4).astype(np.float32)
    rows, columns = window.output_size((13, 48))  # of 48, 24 or 16 columns
    m = wide.pixels(window, columns, 4, filters, 4)
    assert (least if lanes >= 8 else 1) <= m <= max(lanes // filters, 1)
    assert columns % m == 0
    kernel = normal(5, 5, 4, filters).astype(np.float32)
    finishing = finish(normal(filters).astype(np.float32), ("relu", (0.1,)), filters, x.dtype)
    arrays = x, kernel, normal(2, rows, columns, filters).astype(np.float32)
    single, shared = (results(name, arrays, window, 1, finishing) for name in ("direct", "wide"))
    for name, result in shared.items():
        np.testing.assert_allclose(result, single[name], rtol=1e-5, atol=1e-4, strict=True)


def test_which_pixels_share_a_vector() -> None:
    lanes = target.TARGET.lanes(4)
    plain = Window((5, 5))
    assert wide.pixels(plain, 4 * lanes, 3, 1, 4) == lanes
    assert wide.pixels(plain, 4 * lanes, 3, lanes // 2, 4) == 2
    assert wide.pixels(plain, 4 * lanes, 3, lanes // 2 + 1, 4) == 1  # no room
    assert wide.pixels(plain, 4 * lanes + 1, 3, lanes // 2, 4) == 1  # one would be left
    assert wide.pixels(plain, 4 * lanes, 3, lanes // 4, 8) == 2
    assert wide.pixels(plain, 4 * lanes, 1, lanes, 4) == 2  # of one channel
    assert wide.pixels(Window((5, 5), (1, 5)), 4 * lanes, 3, 1, 4) == 1  # nothing is read twice
    assert wide.pixels(Window((5, 5), dilation=(1, 2)), 4 * lanes, 3, 1, 4) == 1
    assert wide.pixels(plain, 0, 3, 1, 4) in {1, lanes}


def test_the_gradient_of_images_that_nothing_reads_is_zero() -> None:
    dy, kernel = np.empty((2, 8, 7, 0), np.float32), np.empty((3, 3, 2, 0), np.float32)
    dx = ALGORITHMS["planes"].input_gradient(dy, kernel, SAME, 1, (8, 7))
    np.testing.assert_array_equal(dx, np.zeros((2, 8, 7, 2), np.float32), strict=True)


@given(slidings(dilated=True), st.integers(1, 2), st.integers(2, 9), st.integers(1, 3))
@settings(deadline=None, max_examples=60, derandomize=True)
def test_channel_by_channel(
    sliding: tuple[Window, Pair], n_images: int, channels: int, each: int
) -> None:
    window, image = sliding
    check("depthwise", (n_images, *image, channels), channels * each, window, channels)


@given(st.integers(1, 3), pairs(1, 9), st.integers(1, 5), st.integers(8, 20))
@settings(deadline=None, max_examples=30, derandomize=True)
def test_a_window_that_is_the_image(
    n_images: int, image: Pair, channels: int, filters: int
) -> None:
    check("product", (n_images, *image, channels), filters, Window(image), 1)


@pytest.mark.parametrize("algorithm", [*GENERAL, *WINOGRAD])
@pytest.mark.parametrize("filters", [1, 7, 33])
def test_channels_that_fill_no_vector(algorithm: str, filters: int) -> None:
    check(algorithm, (2, 9, 7, 5), filters, Window((3, 3), pads=((1, 1), (1, 1))), 1)


@pytest.mark.parametrize("lying", [0, direct.LYING])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("filters", [16, 48, 64, 80, 160])
def test_filters_that_fill_vectors(
    filters: int, groups: int, lying: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(direct, "LYING", lying)
    window = Window((3, 2), strides=(2, 1), pads=((1, 1), (0, 1)))
    check("direct", (3, 5, 4, 3 * groups), filters * groups, window, groups)


@pytest.mark.parametrize("size", [(1, 1), (3, 2)])
@pytest.mark.parametrize("channels", [16, 64, 80])
def test_one_filter_of_channels_that_fill_vectors(channels: int, size: Pair) -> None:
    """Backward the channels lie side by side then, but in another order than they are read."""
    check("direct", (2, 5, 4, channels), 1, Window(size, pads=((1, 0), (0, 1))), 1)


@contextmanager
def pixels_of_cells(most: float) -> Iterator[None]:
    """Up to so many pixels are computed cell by cell, of any number of channels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(direct_by_cells, "FEW_PIXELS", most)
        patch.setattr(direct_by_cells, "PIXELS_OF_A_PANEL", most)
        patch.setattr(direct_by_cells, "DEPTH", 1)
        yield


@given(slidings(dilated=True), st.integers(1, 2), pairs(1, 3), st.integers(1, 3))
@settings(deadline=None, max_examples=60, derandomize=True)
def test_any_window_cell_by_cell(
    sliding: tuple[Window, Pair], n_images: int, depths: Pair, groups: int
) -> None:
    window, image = sliding
    with pixels_of_cells(np.inf):
        check("direct", (n_images, *image, depths[0] * groups), depths[1] * groups, window, groups)


@pytest.mark.parametrize(
    "window", [SAME, Window((1, 1)), Window((3, 2), (2, 1), (1, 2), ((1, 1), (0, 1)))]
)
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(
    ("channels", "filters"), [(64, 80), (150, 64), (40, 600), (600, 144), (72, COPIED + 70)]
)
def test_cell_by_cell_has_the_same_bits(
    window: Window, groups: int, channels: int, filters: int
) -> None:
    x, kernel = normal(2, 6, 5, channels * groups), normal(*window.size, channels, filters * groups)
    arrays = x, kernel, normal(2, *window.output_size((6, 5)), filters * groups)
    single = tuple(array.astype(np.float32) for array in arrays)
    for numbers in (arrays, single):
        made = []
        for most in (np.inf, 0):
            with pixels_of_cells(most):
                made.append(results("direct", numbers, window, groups))
        for name in made[0]:
            assert np.array_equal(made[0][name], made[1][name])


def test_what_is_done_cell_by_cell() -> None:
    fits = direct_by_cells.fits
    width = target.TARGET.columns(4)
    assert fits(49, 512, 512, 1, 4)
    assert not fits(49, direct_by_cells.DEPTH - 1, 512, 1, 4)
    assert fits(direct_by_cells.FEW_PIXELS, 512, 8 * width, 1, 4)
    assert not fits(direct_by_cells.FEW_PIXELS + 1, 512, 8 * width, 1, 4)
    assert not fits(direct_by_cells.FEW_PIXELS, 512, 2 * width, 1, 4)  # too few tasks
    assert fits(direct_by_cells.FEW_PIXELS, 512, 2 * width, 4, 4)


EVERY = [
    *((name, SAME, 1) for name in (*GENERAL, *WINOGRAD)),
    *((name, Window((1, 1)), 1) for name in GENERAL),
    *(("depthwise", SAME, 4), ("product", Window((8, 7)), 1), ("planes", SAME, 1)),
    ("wide", SAME, 1),
]


def apart(array: Array) -> Array:
    return np.repeat(array, 2, axis=1)[:, ::2]


def odd(array: Array) -> Array:
    """The same numbers, from an odd address on."""
    memory = np.empty(array.nbytes + 1, np.uint8)[1:]
    memory[:] = np.frombuffer(array.tobytes(), np.uint8)
    return memory.view(array.dtype).reshape(array.shape)


@pytest.mark.parametrize(("algorithm", "window", "groups"), EVERY)
@pytest.mark.parametrize("lying", [apart, odd])
def test_what_does_not_lie_in_order(
    algorithm: str, window: Window, groups: int, lying: Callable[[Array], Array]
) -> None:
    x, kernel = normal(2, 8, 7, 4), normal(*window.size, 4 // groups, 8)
    arrays = x, kernel, normal(2, *window.output_size((8, 7)), 8)
    elsewhere = lying(arrays[0]), lying(arrays[1]), lying(arrays[2])
    for array in elsewhere:
        array.setflags(write=False)
    straight = results(algorithm, arrays, window, groups)
    for name, one in results(algorithm, elsewhere, window, groups).items():
        assert np.array_equal(one, straight[name])


@pytest.mark.parametrize(("algorithm", "window", "groups"), EVERY)
def test_an_empty_batch(algorithm: str, window: Window, groups: int) -> None:
    outputs = window.output_size((8, 7))
    arrays = normal(0, 8, 7, 4), normal(*window.size, 4 // groups, 8), normal(0, *outputs, 8)
    right = {
        "conv2d": np.zeros_like(arrays[2]),
        "input_gradient": np.zeros_like(arrays[0]),
        "kernel_gradient": np.zeros_like(arrays[1]),
    }
    for name, result in results(algorithm, arrays, window, groups).items():
        np.testing.assert_array_equal(result, right[name], strict=True)


@pytest.mark.parametrize(("algorithm", "error"), [("winograd2", 6e-6), ("winograd4", 3e-5)])
def test_errors_of_long_sums(algorithm: str, error: float) -> None:
    x, dy = np.random.default_rng(0).standard_normal((2, 128, 112, 112, 2), np.float32)
    dkernel = ALGORITHMS[algorithm].kernel_gradient(x, dy, SAME, 1)
    right = resolve("numpy").ops.conv2d_kernel_gradient(x.astype(float), dy.astype(float), SAME, 1)
    assert np.abs(dkernel - right).max() <= error * np.abs(right).max()


FINISHED = [
    *(("direct", SAME, 1), ("direct", SAME, 3), ("im2col", SAME, 1), ("im2col", SAME, 3)),
    ("direct", Window((1, 2), pads=((2, 1), (3, 2))), 1),  # some windows hold padding only
    *(("winograd2", SAME, 1), ("winograd4", SAME, 1)),
    *(("depthwise", SAME, 6), ("product", Window((7, 5)), 1)),
]
CURVES = [Curve("relu", (0.1, 2.0, 0.5)), Curve("elu", (0.7,)), Curve("sigmoid"), Curve("tanh")]


@pytest.mark.parametrize(("algorithm", "window", "groups"), FINISHED)
@pytest.mark.parametrize("filters", [6, 300])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bias_and_activation_have_the_bits_of_passes_of_their_own(
    algorithm: str, window: Window, groups: int, filters: int, dtype: str
) -> None:
    x = normal(2, 7, 5, 6).astype(dtype)
    kernel = normal(*window.size, 6 // groups, filters).astype(dtype)
    bias, ops, way = normal(filters).astype(dtype), resolve("numba").ops, ALGORITHMS[algorithm]
    plain = way.conv2d(x, kernel, window, groups, NOTHING[x.itemsize])
    for curve in (None, *CURVES):
        for added in (bias, None):
            y = way.conv2d(x, kernel, window, groups, finish(added, curve, filters, x.dtype))
            passes = plain if added is None else plain + added
            if curve is not None:
                passes = getattr(ops, curve.op)(passes, *curve.arguments)
            assert np.array_equal(y, passes)


@pytest.mark.parametrize("algorithm", WINOGRAD)
def test_every_way_through_winograds_algorithms_is_finished_and_reads_what_lies_apart(
    algorithm: str,
) -> None:
    with going_by("filters"):
        test_bias_and_activation_have_the_bits_of_passes_of_their_own(
            algorithm, SAME, 1, 300, "float32"
        )
        for lying in (apart, odd):
            test_what_does_not_lie_in_order(algorithm, SAME, 1, lying)
        test_an_empty_batch(algorithm, SAME, 1)


@pytest.mark.parametrize(("algorithm", "window", "groups"), [FINISHED[n] for n in (0, 1, 4)])
def test_cell_by_cell_results_are_finished_and_read_what_lies_apart(
    algorithm: str, window: Window, groups: int
) -> None:
    with pixels_of_cells(np.inf):
        for filters, dtype in ((6, "float32"), (384, "float64")):
            test_bias_and_activation_have_the_bits_of_passes_of_their_own(
                algorithm, window, groups, filters, dtype
            )
        for lying in (apart, odd):
            test_what_does_not_lie_in_order(algorithm, SAME, 1, lying)
        test_an_empty_batch(algorithm, SAME, 1)
        test_a_dirac_kernel_returns_its_input_bit_for_bit(algorithm, 3)
        test_padding_times_what_is_not_finite(algorithm, (), np.nan)


@pytest.mark.parametrize("channels", [1, 3, 8])
@pytest.mark.parametrize("algorithm", [*GENERAL, "depthwise", "planes", "wide"])
def test_a_dirac_kernel_returns_its_input_bit_for_bit(algorithm: str, channels: int) -> None:
    x = normal(2, 12, 10, channels).astype(np.float32)
    groups = channels if algorithm == "depthwise" else 1
    kernel = np.zeros((3, 3, channels // groups, channels), np.float32)
    kernel[1, 1] = np.eye(channels) if groups == 1 else 1
    made = results(algorithm, (x, kernel, x), SAME, groups)
    assert "input_gradient" in made
    for name in made.keys() - {"kernel_gradient"}:
        assert np.array_equal(made[name], x)


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize(
    ("algorithm", "multiplied"),
    [("direct", ()), ("depthwise", ()), ("planes", ()), ("im2col", ("conv2d", "kernel_gradient"))],
)
def test_padding_times_what_is_not_finite(
    algorithm: str, multiplied: tuple[str, ...], bad: float
) -> None:
    groups = 3 if algorithm == "depthwise" else 1
    arrays = normal(2, 6, 5, 3), normal(3, 3, 3 // groups, 3), normal(2, 6, 5, 3)
    right = results(algorithm, arrays, SAME, groups)
    arrays[1][0, 0] = arrays[2][:, 0, 0] = bad
    meet = {  # where the cells that are bad meet padding only, in each of the results
        "conv2d": (slice(None), 0),
        "input_gradient": (slice(None), -1, -1),
        "kernel_gradient": (0,),
    }
    for name, result in results(algorithm, arrays, SAME, groups).items():
        if name in multiplied:
            assert np.isnan(result[meet[name]]).all()
        else:
            np.testing.assert_allclose(result[meet[name]], right[name][meet[name]], atol=1e-12)
        assert not np.isfinite(result).all()


# -- choice ----------------------------------------------------------------------------------------


def shapes(itemsize: int) -> Iterator[Shape]:
    for images, side, channels, filters, size in (
        (32, 56, 64, 64, 3),
        (1, 7, 512, 512, 3),
        (64, 28, 1, 6, 5),
        (8, 14, 256, 256, 3),
    ):
        window = Window.fit((size, size), (1, 1), (1, 1), "same", (side, side))
        yield Shape(images, (side, side), channels, filters, window, 1, itemsize)


CHOICES = (choice.forward, choice.input_gradient, choice.kernel_gradient)
FUNCTIONS = ("conv2d", "input_gradient", "kernel_gradient")


@given(
    slidings(dilated=True),
    st.integers(1, 40),
    pairs(1, 9),
    st.integers(1, 4),
    st.sampled_from([4, 8]),
)
@settings(deadline=None, max_examples=300, derandomize=True)
def test_what_is_chosen_can_do_it(
    sliding: tuple[Window, Pair], images: int, depths: Pair, groups: int, itemsize: int
) -> None:
    window, image = sliding
    shape = Shape(images, image, depths[0] * groups, depths[1] * groups, window, groups, itemsize)
    for function, choose in zip(FUNCTIONS, CHOICES, strict=True):
        for exact in (True, False):
            algorithm = ALGORITHMS[choose(shape, exact)]
            assert algorithm.has(function)
            assert algorithm.fits(shape)
            assert algorithm.exact or not exact


@pytest.mark.parametrize(
    ("changes", "chosen"),
    [
        ({}, "planes"),
        ({"images": 1}, "planes"),
        ({"image": (15, 14)}, "direct"),  # few outputs
        ({"image": (15, 14), "window": Window((13, 13))}, "planes"),  # but many cells
        ({"window": Window((13, 13)), "channels": 5}, "im2col"),
        ({"channels": 5}, "direct"),
        ({"groups": 2}, "direct"),
        ({"window": Window((28, 28))}, "product"),
        ({"groups": 4}, "depthwise"),
    ],
)
def test_few_channels_are_planes_in_the_images_gradient(
    changes: dict[str, Any], chosen: str
) -> None:
    shape = Shape(32, (28, 28), 4, 16, Window((5, 5)), 1, 4)._replace(**changes)
    assert choice.input_gradient(shape, True) == chosen
    assert "planes" not in {choice.forward(shape, True), choice.kernel_gradient(shape, True)}


@pytest.mark.parametrize(
    ("changes", "chosen"),
    [
        ({}, ["wide", "planes", "wide"]),
        ({"channels": 6, "filters": 16}, ["direct", "wide", "direct"]),
        ({"channels": 6}, ["wide", "wide", "wide"]),
        ({"channels": 6, "images": 1}, ["direct", "direct", "direct"]),
        ({"channels": 6, "groups": 2}, ["direct", "direct", "direct"]),
        ({"window": Window((11, 11))}, ["direct", "planes", "direct"]),  # many cells
    ],
)
def test_few_filters_share_vectors(changes: dict[str, Any], chosen: list[str]) -> None:
    shape = Shape(64, (28, 28), 1, 6, Window((5, 5)), 1, 4)._replace(**changes)
    if target.TARGET.lanes(4) == 16:
        assert [choose(shape, False) for choose in CHOICES] == chosen
    assert "wide" not in [choose(shape, True) for choose in CHOICES]


def test_a_single_image_is_work_for_several_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, each = dict[str, int](), launch.each

    def counted(task: Any, count: int, *arguments: Any, **seats: Any) -> None:
        counts[task.__name__] = count
        each(task, count, *arguments, **seats)

    monkeypatch.setattr(launch, "each", counted)
    x, dy = (normal(1, 56, 56, depth).astype(np.float32) for depth in (64, 128))
    results("direct", (x, normal(1, 1, 64, 128).astype(np.float32), dy), Window((1, 1)), 1)
    assert counts["add_up"] > 1


def test_a_function_that_an_algorithm_has_not() -> None:
    assert [ALGORITHMS["planes"].has(name) for name in FUNCTIONS] == [False, True, False]
    x = normal(1, 8, 7, 2)
    with pytest.raises(NotImplementedError, match="no such function"):
        ALGORITHMS["planes"].kernel_gradient(x, x, SAME, 1)


def test_winograd_is_neither_exact_nor_for_float64() -> None:
    for choose in CHOICES:
        assert all(choose(shape, True) in EXACT for shape in shapes(4))
        assert all(choose(shape, False) in EXACT for shape in shapes(8))
        assert any(choose(shape, False) in WINOGRAD for shape in shapes(4))


def test_longer_sums_than_winograds_are_precise_for() -> None:
    long = Shape(8, (28, 28), 8192, 64, SAME, 1, 4)
    for choose in CHOICES:
        assert choose(long._replace(channels=512), False) == "winograd4"
        assert choose(long, False) != "winograd4"
        assert choose(long._replace(channels=64, filters=8192), False) != "winograd4"


@pytest.mark.parametrize(
    ("algorithm", "fitting", "other"),
    [
        ("winograd4", {}, {"window": SAME._replace(strides=(2, 1))}),
        ("winograd2", {}, {"window": SAME._replace(dilation=(1, 2))}),
        ("winograd4", {}, {"window": Window((5, 5))}),
        ("winograd4", {}, {"groups": 2}),
        ("depthwise", {"groups": 8}, {"groups": 4}),
        ("product", {"window": Window((9, 9))}, {"window": Window((9, 9), pads=((1, 1), (0, 0)))}),
        ("product", {"window": Window((9, 9))}, {"window": Window((9, 9)), "groups": 2}),
    ],
)
def test_what_an_algorithm_is_for(
    algorithm: str, fitting: dict[str, Any], other: dict[str, Any]
) -> None:
    shape, fits = Shape(2, (9, 9), 8, 8, SAME, 1, 4), ALGORITHMS[algorithm].fits
    assert fits(shape._replace(**fitting))
    assert not fits(shape._replace(**other))
    if fitting:
        assert {choose(shape._replace(**fitting), True) for choose in CHOICES} == {algorithm}


# -- processors ------------------------------------------------------------------------------------

ELSEWHERE = """
import numpy as np
from nnscratch.kernels import resolve
from nnscratch.kernels.geometry import Window
from nnscratch.kernels.numba.conv import ALGORITHMS
from nnscratch.kernels.numba import memory
from nnscratch.kernels.numba.finish import NOTHING

naive, window = resolve("naive").ops, Window((3, 3), pads=((1, 1), (1, 1)))
rng = np.random.default_rng(0)
for dtype, tolerance in (("float32", 5e-5), ("float64", 1e-13)):
    x, kernel, dy = (
        rng.standard_normal(shape).astype(dtype)
        for shape in ((2, 6, 5, 9), (3, 3, 9, 21), (2, 6, 5, 21))
    )
    right = (
        naive.conv2d(x, kernel, window, 1),
        naive.conv2d_input_gradient(dy, kernel, window, 1, (6, 5)),
        naive.conv2d_kernel_gradient(x, dy, window, 1),
    )
    for name in ("direct", "im2col", "winograd2", "winograd4"):
        way = ALGORITHMS[name]
        got = (
            way.conv2d(x, kernel, window, 1, NOTHING[x.itemsize]),
            way.input_gradient(dy, kernel, window, 1, (6, 5)),
            way.kernel_gradient(x, dy, window, 1),
        )
        for one, other in zip(got, right):
            assert abs(one - other).max() <= tolerance * abs(other).max()
print("right")
"""


@pytest.mark.parametrize("name", [unit.name for unit in target.available()[1:]])
def test_narrower_vector_units(name: str, tmp_path: Path) -> None:
    environment = os.environ | {target.FORCED: name, "NNSCRATCH_CACHE_DIR": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout == "right\n", run.stderr
    assert all(folder.name.startswith(f"numba-{name}-") for folder in tmp_path.iterdir())


def test_a_vector_unit_that_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(target.FORCED, "abacus")
    with pytest.raises(ValueError, match=r"this processor has .*portable, got 'abacus'"):
        target.chosen()
