"""Convolution where the image lies: the rows of the product are pixels, found through a table.

The micro-kernel sums over a list of addresses (Dukhan, "The Indirect Convolution Algorithm", 2019;
Georganas et al., "Harnessing Deep Learning via a Single Building Block", 2020), so there is nothing
to copy but the kernel, into panels.

Sums are plain sums: what is multiplied by zeros only is exactly zero, and one tap of 1 returns its
input. The error is that of a sum: in float32 1e-6 of the largest output.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import NamedTuple

from ...geometry import Pair, Window
from ...ops import Array
from .. import memory, parallel
from ..finish import NOTHING, Finish, finish_all
from ..launch import flat
from ..microkernel.panels import pack
from ..microkernel.sweep import ROWS, Left, Product, Result, Right, sweep, table
from .direct_plan import Plan, Range, backward_plan, forward_plan

GRAIN_FLOP = 1 << 24
"""Floating-point operations of a task: some 200 us."""

FEW_PIXELS = 1024
"""Up to so many pixels of all images a task takes them all, and some of the kernel's panels."""

MANY_PANELS = 8
"""If there are so many: enough for threads to share."""

FEW_FILTERS = 16
"""Up to so many, results are finished by a pass of its own: pixel by pixel would take longer."""

PANELS = 1 << 18
"""Bytes of these panels, if they are several: half of a second cache of 512 KiB."""


def conv2d(x: Array, kernel: Array, window: Window, groups: int, finish: Finish) -> Array:
    """See `Ops.conv2d`."""
    image = (x.shape[1], x.shape[2])
    plan = forward_plan(image, window, x.shape[3], kernel.shape[3], groups)
    if plan.covers and kernel.shape[3] > FEW_FILTERS:
        return run(plan, x, kernel, finish)
    y = run(plan, x, kernel, NOTHING[x.itemsize])  # what reads nothing is to be finished too
    finish_all(y, finish)
    return y


def conv2d_input_gradient(
    dy: Array, kernel: Array, window: Window, groups: int, image: Pair
) -> Array:
    """See `Ops.conv2d_input_gradient`."""
    channels, filters = kernel.shape[2] * groups, kernel.shape[3]
    plan = backward_plan(image, window, channels, filters, groups)
    return run(plan, dy, kernel, NOTHING[dy.itemsize])


def run(plan: Plan, images: Array, kernel: Array, finish: Finish) -> Array:
    """The images that a plan writes, from those that it reads."""
    new = memory.empty if plan.covers else memory.zeros
    y = new((len(images), *plan.written), images.dtype)
    if not y.size:
        return y
    source, target, tables = flat(images), y.reshape(-1), plan.tables
    image, written = source.size // len(images), target.size // len(images)
    starts = (plan.kernel.rows + group * plan.kernel.group for group in range(plan.groups))
    packed = [pack(kernel, rows, plan.kernel.step, plan.columns) for rows in starts]
    _, depth, width = packed[0].shape

    def work(task: Task) -> None:
        group, panels = task.group, packed[task.group]
        first = group * plan.columns + task.panels.start * width
        sweep(
            Left(source[group * plan.depth :], tables.reads, image, tables.taps, 1),
            Right(flat(panels[task.panels]), tables.panel_rows * width, width, depth * width),
            Result(target[first:], tables.writes, written),
            task.products,
            min(task.panels.stop * width, plan.columns) - task.panels.start * width,
            False,
            finish.at(first),
        )

    parallel.each(tasks(plan, len(images), len(packed[0]), packed[0][0].nbytes), work)
    return y


class Task(NamedTuple):
    """Some pixels, through all images, and some panels of a group's columns."""

    group: int
    panels: slice
    products: Array
    """See `sweep`."""


@functools.lru_cache(maxsize=256)
def tasks(plan: Plan, images: int, count: int, nbytes: int) -> tuple[Task, ...]:
    """All pixels and panels, cut by panels where there are few pixels, else by pixels.

    Args:
        plan: what each of the images is.
        images: how many there are.
        count: of the panels of a group.
        nbytes: of a panel.
    """
    pixels = images * len(plan.tables.writes)
    if pixels <= FEW_PIXELS and count >= MANY_PANELS:
        size = max(min(PANELS // nbytes, count // MANY_PANELS), 1)
        some = [table(whole(part, images) for part in plan.parts)]
    else:
        size, some = count, list(bundles(plan, images))
    panels = parallel.pieces(slice(0, count), size)
    return tuple(Task(*chosen) for chosen in itertools.product(range(plan.groups), panels, some))


def whole(part: Range, images: int) -> Product:
    """All pixels of a part."""
    taps, rows = (part.first_tap, part.stop_tap), (part.first_pixel, part.stop_pixel)
    return Product(0, 0, 0, *taps, part.depth, *rows, 0, images * part.pixels)


def bundles(plan: Plan, images: int) -> Iterator[Array]:
    """All pixels in pieces, and these in bundles that are each worth a thread."""
    costs = [2 * part.products * plan.columns for part in plan.parts]
    total = sum(cost * images * part.pixels for cost, part in zip(costs, plan.parts, strict=True))
    grain = max(GRAIN_FLOP, total // parallel.MOST_BLOCKS)
    bundle: list[Product] = []
    room = grain
    for part, cost in zip(plan.parts, costs, strict=True):
        everything = whole(part, images)
        size = -(-grain // (cost * ROWS)) * ROWS
        for some in parallel.pieces(slice(0, everything.stop), size):
            bundle.append(everything._replace(first=some.start, stop=some.stop))
            room -= cost * (some.stop - some.start)
            if room <= 0:
                yield table(bundle)
                bundle, room = [], grain
    if bundle:
        yield table(bundle)
