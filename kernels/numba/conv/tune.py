"""Measures the costs that decide between algorithms, on the machine at hand."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...geometry import Window
from ...ops import Array
from .. import memory, parallel
from ..finish import NOTHING
from ..launch import read
from ..microkernel.panels import pack
from . import costs, direct, winograd
from .choice import pairs
from .costs import Costs, Filtering
from .direct_gradient import conv2d_kernel_gradient
from .winograd_tiles import SKEW, kernel_rows, number_of_tiles, put_outputs, take_inputs

WINDOW = Window((3, 3), pads=((1, 1), (1, 1)))


class Size(NamedTuple):
    """How large the measurements are."""

    images: int
    side: int
    channels: int
    wide: int
    """Channels of filters that do not fit into the cache."""
    rounds: int


FULL = Size(images=4, side=28, channels=192, wide=448, rounds=9)


def tune(size: Size | None = None) -> Costs:
    """The costs on this machine, on one thread. Nothing else should run meanwhile."""
    threads = parallel.threads()
    parallel.set_threads(1)
    try:
        return measured(size or FULL)
    finally:
        parallel.set_threads(threads)


def tune_and_keep() -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Measure, and write the user's table: its file, the costs until now, and the new ones."""
    new, path = tune(), costs.own_table()
    costs.write(new, path)
    return str(path), costs.CHOSEN.as_json(), new.as_json()


def measured(size: Size) -> Costs:
    """Each part by itself; what remains of a whole call is what the other parts cost."""
    n, side, channels, _, rounds = size
    x = drawn(n, side, side, channels)
    kernel = drawn(3, 3, channels, channels)
    weights, pixels = channels * channels, n * side * side
    rows = kernel_rows(kernel.shape).reshape(-1)
    packing = seconds(lambda: pack(kernel, rows, 1, channels), rounds)
    convolving = seconds(lambda: direct.conv2d(x, kernel, WINDOW, 1, NOTHING[4]), rounds)
    one = Window((1, 1))
    pointwise = drawn(1, 1, channels, channels)
    multiplying = seconds(lambda: direct.conv2d(x, pointwise, one, 1, NOTHING[4]), rounds)
    adding_up = seconds(lambda: conv2d_kernel_gradient(x, x, WINDOW, 1), rounds)
    packed, product = 1e9 * packing / (9 * weights), 1e9 * multiplying / (pixels * weights)
    products = n * math.prod(pairs(WINDOW, (side, side))) * weights
    return Costs(
        product=product,
        direct=1e9 * max(convolving - packing, convolving / 2) / products,
        direct_gradient=1e9 * adding_up / products,
        packed=packed,
        call=costs.MEASURED.call,
        winograd2=filtering(2, x, product, packed, size),
        winograd4=filtering(4, x, product, packed, size),
    )


def filtering(m: int, x: Array, product: float, packed: float, size: Size) -> Filtering:
    """What the transforms of tiles of m x m, and of filters, cost.

    Args:
        m: the side of a tile.
        x: images.
        product, packed: what is known already, of `Costs`.
        size: how large the measurements are.
    """
    channels, rounds = x.shape[3], size.rounds
    few = x[..., : max(channels // 8, 1)].copy()
    wide, narrow = tiles(m, x, rounds), tiles(m, few, rounds)
    channel = max(wide - narrow, wide / 100) / (2 * (channels - few.shape[3]) or 1)
    tile = max(narrow - 2 * channel * few.shape[3], narrow / 10)
    # What is left of whole calls is the filters' way through the caches.
    some, kernel = drawn(8, 7, 7, size.wide), drawn(3, 3, size.wide, size.wide)
    weights, count = size.wide**2, number_of_tiles(8, (7, 7), m)
    known = count * ((m + 2) ** 2 * weights * product + 1e9 * (tile + 2 * size.wide * channel))
    there = 1e9 * seconds(lambda: winograd.conv2d(some, kernel, WINDOW, m, NOTHING[4]), rounds)
    back = 1e9 * seconds(lambda: winograd.conv2d_kernel_gradient(some, some, WINDOW, m), rounds)
    filters = max(there - known - 9 * packed * weights, there / 10) / weights
    return Filtering(1e9 * tile, 1e9 * channel, filters, max(back - known, back / 10) / weights)


def tiles(m: int, x: Array, rounds: int) -> float:
    """Seconds for a tile: its inputs in, and as many outputs out."""
    outputs, channels = (x.shape[1], x.shape[2]), x.shape[3]
    count = min(number_of_tiles(len(x), outputs, m), 48)
    stride = count * channels + SKEW
    points = memory.empty(((m + 2) ** 2 * stride,), x.dtype)
    zeros, y = np.zeros(channels, x.dtype), memory.empty(x.shape, x.dtype)
    images, nothing, there = (read(array) for array in (x, zeros, points))

    def work() -> None:
        take_inputs(images, nothing, m, (1, 1), outputs, 0, count, 0, channels, points, stride)
        put_outputs(there, stride, m, 0, count, y, 0, channels, zeros, NOTHING[4])

    return seconds(work, rounds) / count


def drawn(*shape: int) -> Array:
    """Random numbers in float32, where a model's large arrays are: at the beginning of a page."""
    x = memory.empty(shape, np.dtype(np.float32))
    np.random.default_rng(0).standard_normal(out=x, dtype=np.float32)
    return x


def seconds(work: Callable[[], object], rounds: int) -> float:
    """The fastest of several calls."""
    work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)
