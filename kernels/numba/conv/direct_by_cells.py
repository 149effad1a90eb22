"""Direct convolution of few pixels: cell by cell of the kernel, which is read once.

Such a product takes less time to multiply than its kernel takes to be read. Edge by edge of the
image, as in `direct.py`, each edge would read its cells again, to multiply them by a few pixels.
Here all pixels that read a cell are multiplied by it at once and added to their sums, in the same
order, so that the bits are those of `direct.py`.

The kernel is read where it lies. Where its numbers are in another order than the products', as they
are backward, or do not fill vectors, each task copies what it is about to multiply, for nobody else
needs it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...ops import Array
from .. import launch, memory, parallel
from ..calls import call_at
from ..finish import NOTHING, Finish, finish_all
from ..jit import compiled
from ..launch import flat
from ..microkernel.panels import COPIED, fill
from ..microkernel.sweep import Left, Product, Result, Right, sweep_address, table
from ..microkernel.target import TARGET
from ..recent import remembered
from .direct_plan import Plan

FEW_PIXELS = 256
"""Up to so many are few. A 7 x 7 image of 512 channels takes 0.6 times as long as in `direct.py`,
four of them take 0.9 times as long, and for more of them a copy in order repays."""

PIXELS_OF_A_PANEL = 100
"""Up to so many: a panel of more is work for two threads."""

DEPTH = 64
"""Channels at least: of 32 the sums, loaded and stored for each cell, take 1.2 times as long."""

FIRST_TAP, SUMMED = map(Product._fields.index, ("first_tap", "depth"))
"""Of a product's numbers."""

BESIDE = 2
"""Panels of a task where the kernel lies, if there are many: 512 bytes of each of its rows."""

MANY_PANELS = 8
"""Of all groups: enough for threads to share out where a task has two of them."""


def fits(pixels: int, depth: int, columns: int, groups: int, itemsize: int) -> bool:
    """Whether few pixels are written, of all images, that are sums over enough channels.

    Args:
        pixels: how many are written.
        depth: channels of a group that are read.
        columns: channels of a group that are written.
        groups: how many there are.
        itemsize: bytes of a number.
    """
    panels = groups * -(-columns // TARGET.columns(itemsize))
    return depth >= DEPTH and pixels <= min(FEW_PIXELS, PIXELS_OF_A_PANEL * panels)


def run(plan: Plan, images: Array, kernel: Array, finish: Finish) -> Array:
    """The images that a plan by cells writes, from those that it reads."""
    y = memory.zeros((len(images), *plan.written), images.dtype)
    if not y.size:
        return y
    source, target, tables = flat(images), y.reshape(-1), plan.tables
    image, written = source.size // len(images), target.size // len(images)
    lanes, columns = TARGET.lanes(images.itemsize), plan.columns
    width = min(TARGET.columns(images.itemsize), -(-columns // lanes) * lanes)
    lies = plan.kernel.lies and columns % lanes == 0
    numbers = Numbers(flat(kernel), tables.panel_rows, *plan.kernel[:3])
    work, seats = tasks(plan, len(images), -(-columns // width), lies), parallel.threads()
    launch.each(
        multiply_there if lies else multiply_copies,
        len(work.tasks),
        sweep_address(images.dtype),
        work,
        (plan.depth, columns, width),
        Left(source, tables.reads, image, tables.taps, 1),
        numbers,
        Result(target, tables.writes, written),
        NOTHING[images.itemsize],
        *(() if lies else [memory.empty((seats, 1, min(plan.depth, COPIED), width), images.dtype)]),
        seats=seats,
    )
    finish_all(y, finish)
    return y


class Numbers(NamedTuple):
    """The kernel."""

    flat: Array
    """Read-only."""
    cells: Array
    """For each tap, its first row. int64, as are the rows."""
    rows: Array
    """Where each of them begins, in the first group's."""
    step: int
    """From one column to the next."""
    group: int
    """From one group to the next."""


class Work(NamedTuple):
    """What is to be multiplied."""

    tasks: Array
    """For each task: group, first panel, stop panel. int64."""
    products: Array
    """Of each task, see `sweep`."""


@remembered
def tasks(plan: Plan, images: int, count: int, lies: bool) -> Work:
    """All panels, and for each all cells.

    Args:
        plan: what each of the images is.
        images: how many there are.
        count: of the panels of a group.
        lies: whether the kernel is read where it lies, else a chunk of a panel is copied at once.
    """
    beside = BESIDE if lies and plan.groups * count >= MANY_PANELS else 1
    panels = parallel.pieces(slice(0, count), beside)
    rows = [(group, part.start, part.stop) for group in range(plan.groups) for part in panels]
    products = [
        Product(k.start, 0, 0, *taps, k.stop - k.start, *pixels, 0, images * part.pixels)
        for part, taps, pixels in ((p, p[2:4], p[:2]) for p in plan.parts)
        for k in parallel.pieces(slice(0, part.depth), part.depth if lies else COPIED)
    ]
    return Work(np.array(rows, np.int64).reshape(-1, 3), table(products))


@compiled(inline=True)
def parts_of(
    task: Array, sizes: tuple[int, int, int], left: Left, numbers: Numbers, result: Result
) -> tuple[Left, Array, Result, int]:
    """What a task reads of the images and of the kernel, and what it writes: so many columns.

    Sizes: channels and columns of a group; columns of a panel.
    """
    group, first_panel, stop_panel = task
    depth, columns, width = sizes
    column = first_panel * width
    return (
        Left(left.numbers[group * depth :], left.rows, left.image, left.taps, left.step),
        numbers.flat[group * numbers.group + column * numbers.step :],
        Result(result.numbers[group * columns + column :], result.rows, result.image),
        min(stop_panel * width, columns) - column,
    )


@compiled()
def multiply_there(
    task: int,
    _: int,
    sweeping: int,
    work: Work,
    sizes: tuple[int, int, int],
    left: Left,
    numbers: Numbers,
    result: Result,
    nothing: Finish,
) -> None:
    """Some panels, read where they lie."""
    images, kernel, outputs, count = parts_of(work.tasks[task], sizes, left, numbers, result)
    filters = numbers.rows[1]
    right = Right(kernel, numbers.cells * filters, filters, sizes[2])
    call_at(sweeping, (images, right, outputs, work.products, count, True, nothing))


@compiled()
def multiply_copies(
    task: int,
    seat: int,
    sweeping: int,
    work: Work,
    sizes: tuple[int, int, int],
    left: Left,
    numbers: Numbers,
    result: Result,
    nothing: Finish,
    scratch: Array,
) -> None:
    """A panel, from copies of some of its rows at once: scratch is (seats, 1, rows, width)."""
    images, kernel, outputs, count = parts_of(work.tasks[task], sizes, left, numbers, result)
    right = Right(scratch[seat].reshape(-1), np.zeros_like(numbers.cells), sizes[2], 0)
    none: Any = np.int64(0)  # 0 as it stands would be a type of its own
    for number in range(work.products.shape[0]):
        product = work.products[number : number + 1]
        first = numbers.cells[product[0, FIRST_TAP]] + product[0, 0]
        rows = numbers.rows[first : first + product[0, SUMMED]]
        fill(kernel, rows, numbers.step, count, none, rows.size, scratch[seat])
        call_at(sweeping, (images, right, outputs, product, count, True, nothing))
