"""The gradient of a convolution's kernel where images and upstream gradients lie.

    dkernel[i, j, c, o] = sum over images n and outputs p, q of
        x[n, p * stride + i * dilation - pad, ..., c] * dy[n, p, q, o]

For each cell (i, j) of the kernel that is a matrix product: a row is a channel c, and the sum goes
over the outputs whose windows have that cell inside the image, a range of lines p and a range of q.
A line is a run of the sum, from window to window a stride apart in the image, and the lines of all
images are its taps. Only dy is copied, and only where there are many filters, some lines at a time,
into panels that all cells share.
Where there are few channels, cells are the rows of one product, see `direct_gradient_plan.py`.

Sums are plain sums, with errors as in `direct.py`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ...geometry import Window
from ...ops import Array, into
from .. import launch, memory, parallel
from ..calls import call_at
from ..finish import NOTHING, Finish
from ..jit import compiled
from ..launch import flat
from ..microkernel.panels import VECTOR, fill
from ..microkernel.sweep import Left, Result, Right, sweep_address
from ..microkernel.target import TARGET
from ..recent import remembered
from .direct_gradient_plan import (
    PARTIAL_SUMS,
    TASKS,
    Pieces,
    Schedule,
    line_batches,
    schedule,
)

COPIED = 1 << 16
"""Elements of the upstream gradients that are copied at once: 256 KiB in float32."""

GRAIN_FLOP = 1 << 24
"""Operations that are done with them, if need be by copying more."""

FILTERS = 64
"""Filters of a task, if there are as many, where the sums of all tasks would be too large."""

MANY_FILTERS = 128
"""Where they are not: each task reads the images once more. Up to so many are read where they
lie, of more the copy takes less time than to find the pieces of their rows."""


def conv2d_kernel_gradient(
    x: Array, dy: Array, window: Window, groups: int, out: Array | None = None
) -> Array:
    """See `Ops.conv2d_kernel_gradient`."""
    if window == Window((1, 1)) and len(x) >= TASKS:  # enough, were each image one long line
        x, dy = (
            z.reshape(len(z), 1, z.shape[1] * z.shape[2], z.shape[3]) for z in (x, dy)
        )  # (N, 1, H * W, ...)
    channels, (_, length, filters) = x.shape[3], dy.shape[1:]
    depth, columns = channels // groups, filters // groups
    shape = (*window.size, depth, filters)  # (KH, KW, C/G, O)
    if not (x.size and dy.size):
        return into(out, np.zeros(shape, x.dtype))
    plan = planned(x.shape, dy.shape, window, groups, x.itemsize)
    partial = launch.room_for_parts(plan.batches, math.prod(shape), x.dtype, out)
    pieces, seats = plan.schedule.pieces, parallel.threads()
    launch.each(
        add_up,
        len(plan.schedule.tasks),
        sweep_address(x.dtype),
        plan.schedule.tasks,
        pieces,
        (depth, columns, filters, length),
        Left(flat(x), plan.schedule.rows.images, 0, pieces.images, window.strides[1] * channels),
        flat(dy),
        memory.empty((seats, *plan.panels), x.dtype),
        plan.schedule.pixels,
        Result(partial.reshape(-1), plan.schedule.rows.kernel, 0),
        NOTHING[x.itemsize],
        seats=seats,
    )
    return launch.add_in_order(partial, out).reshape(shape)


class Plan(NamedTuple):
    """All that can be known of a call before its numbers."""

    schedule: Schedule
    batches: int
    """Of lines: sums that are added up in the end."""
    panels: tuple[int, int, int]
    """Of the upstream gradients that a thread copies at once: (P, pixels, width)."""


@remembered
def planned(
    images: tuple[int, ...], upstream: tuple[int, ...], window: Window, groups: int, itemsize: int
) -> Plan:
    """For images (N, H, W, C) and upstream gradients (N, OH, OW, O)."""
    _, outputs, length, filters = upstream
    depth, columns = images[3] // groups, filters // groups
    cells = math.prod(window.size) * depth
    lines, size = images[0] * outputs, cells * filters
    most = MANY_FILTERS if TASKS * size <= PARTIAL_SUMS else FILTERS
    ranges = parallel.pieces(slice(0, columns), most)
    batches = line_batches(lines, len(ranges) * groups, size, 2 * lines * length * size)
    copied = max(COPIED, GRAIN_FLOP // (2 * cells))
    found = schedule(
        batches,
        max(copied // (length * min(most, columns)), 1),
        columns % TARGET.lanes(itemsize) != 0,  # behind it there may be nothing to read
        tuple((some.start, some.stop) for some in ranges),
        window,
        images[1:],
        upstream[1:],
        depth,
    )
    width = TARGET.columns(itemsize)
    panels = (-(-min(most, columns) // width), len(found.pixels), width)
    return Plan(found, len(batches), panels)


@compiled()
def add_up(
    task: int,
    seat: int,
    sweeping: int,
    tasks: Array,
    seen: Pieces,
    sizes: tuple[int, int, int, int],
    left: Left,
    upstream: Array,
    scratch: Array,
    pixels: Array,
    result: Result,
    nothing: Finish,
) -> None:
    """Some filters of a group, summed over a batch of lines, piece by piece.

    Sizes: channels and filters of a group, all filters, and the length of a line. Scratch: for each
    seat (P, pixels, width).
    """
    batch, group, start, stop, first_piece, stop_piece = tasks[task]
    depth, columns, filters, length = sizes
    first, count = group * columns + start, stop - start
    width, size = scratch.shape[3], result.numbers.size // (tasks[-1, 0] + 1)
    total = result.numbers[batch * size : (batch + 1) * size]
    lanes = VECTOR // result.numbers.itemsize
    none: Any = np.int64(0)  # 0 as it stands would be a type of its own, and so would 1
    one: Any = np.int64(1)
    adding = False
    for piece in range(first_piece, stop_piece):
        line, end, from_line, to_line, from_product, to_product, covers = seen.pieces[piece]
        if not (adding or covers != 0):
            every = total.reshape(-1, filters)
            for row in range(len(every)):
                every[row, first : first + count] = 0
            adding = True
        lines, products = seen.lines[from_line:to_line], seen.products[from_product:to_product]
        images = Left(
            left.numbers[group * depth :], left.rows, 0, left.taps[from_line:to_line], left.step
        )
        kernel = Result(total[first:], result.rows, 0)
        source, number = upstream[line * length * filters + first :], (end - line) * length
        read = -(-count // lanes) * lanes  # of the last line what follows may not be there
        if filters <= MANY_FILTERS and read <= source.size - (number - 1) * filters:
            right = Right(source, lines * (length * filters), filters, width)
            sweep_piece(sweeping, images, right, kernel, products, count, adding, nothing)
        else:
            panels = scratch[seat].reshape(-1)[: -(-count // width) * number * width]
            shaped = panels.reshape(-(-count // width), number, width)
            fill(source, pixels[:number], one, count, none, number, shaped)
            copied = Right(panels, lines * (length * width), width, number * width)
            sweep_piece(sweeping, images, copied, kernel, products, count, adding, nothing)
        adding = True


@compiled()
def sweep_piece(
    sweeping: int,
    left: Left,
    right: Right,
    result: Result,
    products: Array,
    count: int,
    adding: bool,
    nothing: Finish,
) -> None:
    """Some lines: the upstream gradients are panels, or lie where they are."""
    placed = products.copy()
    for product in range(len(placed)):
        placed[product, 1] *= right.step
    call_at(sweeping, (left, right, result, placed, count, adding, nothing))
