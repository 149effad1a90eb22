"""Convolution where the image lies: the rows of the product are pixels, found through a table.

The micro-kernel sums over a list of addresses (Dukhan, "The Indirect Convolution Algorithm", 2019;
Georganas et al., "Harnessing Deep Learning via a Single Building Block", 2020), so there is nothing
to copy but the kernel, into panels: backward, for its columns are rows there, and forward where its
filters do not fill the vectors.

Sums are plain sums: what is multiplied by zeros only is exactly zero, and one tap of 1 returns its
input. The error is that of a sum, which grows with the root of its length: in float32 1e-6 of the
largest output, of 100,000 products and more 1e-5.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ...geometry import Pair, Window
from ...ops import Array
from .. import launch, memory, parallel
from ..calls import call_at
from ..finish import NOTHING, Finish, finish_all, from_channel
from ..jit import compiled
from ..launch import flat
from ..microkernel.panels import pack
from ..microkernel.sweep import ROWS, Left, Product, Result, Right, sweep_address, table
from ..microkernel.target import TARGET
from ..recent import remembered
from . import direct_by_cells
from .direct_plan import Plan, Range, backward_plan, forward_plan

GRAIN_FLOP = 1 << 16
"""Floating-point operations of a task at least, of short sums: 3 us."""

TASKS = 16
"""Tasks at most, but where there are more groups of panels: threads take them as they come."""

ROWS_OF_A_TASK = 96
"""Pixels of a task at least, where panels are cut too: each task reads its panels once more."""

WRITING = 16
"""Products that take as long as to write their sum does."""

FEW_FILTERS = 16
"""Up to so many, results are finished by a pass of its own: pixel by pixel would take longer."""

PANELS = 1 << 18
"""Bytes of the panels of a task, if they are several: half of a second cache of 512 KiB."""

SMALL = 1 << 13
"""Bytes of a kernel that NumPy has copied before our threads' work is handed out."""

LYING = 1 << 21
"""Bytes of a kernel that is read where it lies. The pieces of its rows, as long as a panel is wide,
are mostly a power of two apart, and then in the same few places of the caches: where these do not
hold all of it, products take 1.1 to 1.4 times as long as with a copy, the copying included."""


def conv2d(x: Array, kernel: Array, window: Window, groups: int, finish: Finish) -> Array:
    """See `Ops.conv2d`."""
    image, filters = (x.shape[1], x.shape[2]), kernel.shape[3]
    shape = image, window, x.shape[3], filters, groups
    if by_cells(window.output_size(image), x, filters, groups):
        return direct_by_cells.run(forward_plan(*shape, True), x, kernel, finish)
    plan = forward_plan(*shape)
    if filters > FEW_FILTERS:
        return run(plan, x, kernel, finish)
    y = run(plan, x, kernel, NOTHING[x.itemsize])
    finish_all(y, finish)
    return y


def conv2d_input_gradient(
    dy: Array, kernel: Array, window: Window, groups: int, image: Pair
) -> Array:
    """See `Ops.conv2d_input_gradient`."""
    channels, nothing = kernel.shape[2] * groups, NOTHING[dy.itemsize]
    shape = image, window, channels, kernel.shape[3], groups
    if by_cells(image, dy, channels, groups):
        return direct_by_cells.run(backward_plan(*shape, True), dy, kernel, nothing)
    return run(backward_plan(*shape), dy, kernel, nothing)


def by_cells(written: Pair, images: Array, channels: int, groups: int) -> bool:
    """Whether images of this size, and so many channels, are written cell by cell from others."""
    pixels, depth = len(images) * math.prod(written), images.shape[3] // groups
    return direct_by_cells.fits(pixels, depth, channels // groups, groups, images.itemsize)


def run(plan: Plan, images: Array, kernel: Array, finish: Finish) -> Array:
    """The images that a plan writes, from those that it reads."""
    y = memory.empty((len(images), *plan.written), images.dtype)
    if not y.size:
        return y
    source, target, tables = flat(images), y.reshape(-1), plan.tables
    image, written = source.size // len(images), target.size // len(images)
    panels = panels_of(plan, kernel)
    nbytes = len(plan.kernel.rows) * panels.width * images.itemsize
    work = tasks(plan, len(images), panels.number, nbytes)
    launch.each(
        multiply,
        len(work.tasks),
        sweep_address(images.dtype),
        work,
        (plan.depth, plan.columns, panels.width, panels.group),
        Left(source, tables.reads, image, tables.taps, 1),
        panels.right,
        Result(target, tables.writes, written),
        finish,
    )
    return y


class Panels(NamedTuple):
    """The kernel of each group, some columns at a time."""

    right: Right
    """Those of the first group."""
    number: int
    """Of a group."""
    width: int
    """Columns of each."""
    group: int
    """From one group to the next."""


def panels_of(plan: Plan, kernel: Array) -> Panels:
    """Where the kernel lies, if it has the plan's rows and these fill vectors, else a copy."""
    runs, columns = plan.tables.panel_rows, plan.columns
    fills = plan.kernel.lies and columns % TARGET.lanes(kernel.itemsize) == 0
    if fills and kernel.nbytes <= LYING:
        width, filters = min(TARGET.columns(kernel.itemsize), columns), kernel.shape[3]
        right = Right(flat(kernel), runs * filters, filters, width)
        return Panels(right, -(-columns // width), width, group=columns)
    copies = packed(plan, kernel)
    _, count, depth, width = copies.shape
    right = Right(flat(copies), runs * width, width, depth * width)
    return Panels(right, count, width, group=count * depth * width)


def packed(plan: Plan, kernel: Array) -> Array:
    """The kernel of each group in panels: (G, P, depth, width)."""
    lanes, columns = TARGET.lanes(kernel.itemsize), plan.columns
    if kernel.nbytes <= SMALL and columns <= TARGET.columns(kernel.itemsize):
        places = numbers_of(plan)
        room = np.zeros((*places.shape[:3], -(-columns // lanes) * lanes), kernel.dtype)
        room[..., :columns] = kernel.reshape(-1)[places]
        return room
    starts = (plan.kernel.rows + group * plan.kernel.group for group in range(plan.groups))
    panels = [pack(kernel, rows, plan.kernel.step, plan.columns) for rows in starts]
    return panels[0][np.newaxis] if len(panels) == 1 else np.stack(panels)


@remembered
def numbers_of(plan: Plan) -> Array:
    """Where the numbers of each group's single panel are in the kernel: (G, 1, depth, columns)."""
    groups = np.arange(plan.groups)[:, np.newaxis, np.newaxis, np.newaxis] * plan.kernel.group
    columns = np.arange(plan.columns) * plan.kernel.step
    places: Array = groups + plan.kernel.rows[:, np.newaxis] + columns
    return places


class Work(NamedTuple):
    """What is to be multiplied, task by task."""

    tasks: Array
    """For each task: group, first panel, stop panel, first product, stop product. int64."""
    products: Array
    """See `sweep`."""


@compiled()
def multiply(
    task: int,
    _: int,
    sweeping: int,
    work: Work,
    sizes: tuple[int, int, int, int],
    left: Left,
    right: Right,
    result: Result,
    finish: Finish,
) -> None:
    """Some pixels, through all images, and some panels of a group's columns.

    Sizes: channels and columns of a group; columns of a panel; from one group's to the next.
    """
    group, first_panel, stop_panel, first, stop = work.tasks[task]
    depth, columns, width, next_group = sizes
    column = first_panel * width
    place = group * columns + column
    call_at(
        sweeping,
        (
            Left(left.numbers[group * depth :], left.rows, left.image, left.taps, left.step),
            Right(
                right.numbers[group * next_group + first_panel * right.panel :],
                right.taps,
                right.step,
                right.panel,
            ),
            Result(result.numbers[place:], result.rows, result.image),
            work.products[first:stop],
            min(stop_panel * width, columns) - column,
            False,
            from_channel(finish, place),
        ),
    )


@remembered
def tasks(plan: Plan, images: int, count: int, nbytes: int) -> Work:
    """All pixels and panels: as many panels as stay in the cache while pixels pass by them.

    Args:
        plan: what each of the images is.
        images: how many there are.
        count: of the panels of a group.
        nbytes: of a panel.
    """
    panels = parallel.pieces(slice(0, count), max(PANELS // nbytes, 1))
    pixels = images * len(plan.tables.writes)
    most = max(min(TASKS // (plan.groups * len(panels)), pixels // ROWS_OF_A_TASK), 1)
    some = list(bundles(plan, images, most))
    stops = list(itertools.accumulate(map(len, some)))
    ranges = [(stop - len(bundle), stop) for bundle, stop in zip(some, stops, strict=True)]
    chosen = itertools.product(range(plan.groups), panels, ranges)
    rows = [(group, part.start, part.stop, *products) for group, part, products in chosen]
    return Work(np.array(rows, np.int64).reshape(-1, 5), table(itertools.chain(*some)))


def whole(part: Range, images: int) -> Product:
    """All pixels of a part."""
    taps, rows = (part.first_tap, part.stop_tap), (part.first_pixel, part.stop_pixel)
    return Product(0, 0, 0, *taps, part.depth, *rows, 0, images * part.pixels)


def bundles(plan: Plan, images: int, most: int) -> Iterator[list[Product]]:
    """All pixels in pieces, and these in bundles that are each worth a thread: `most` at most."""
    costs = [2 * (part.products or WRITING) * plan.columns for part in plan.parts]
    total = sum(cost * images * part.pixels for cost, part in zip(costs, plan.parts, strict=True))
    grain = -(-total // max(min(total // GRAIN_FLOP, most), 1))
    bundle: list[Product] = []
    room = grain
    for part, cost in zip(plan.parts, costs, strict=True):
        everything = whole(part, images)
        size = -(-grain // (cost * ROWS)) * ROWS
        for some in parallel.pieces(slice(0, everything.stop), size):
            bundle.append(everything._replace(first=some.start, stop=some.stop))
            room -= cost * (some.stop - some.start)
            if room <= 0:
                yield bundle
                bundle, room = [], grain
    if bundle:
        yield bundle
