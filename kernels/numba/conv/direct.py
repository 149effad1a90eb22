"""Convolution where the image lies: the rows of the product are pixels, found through a table.

The micro-kernel sums over a list of addresses (Dukhan, "The Indirect Convolution Algorithm", 2019;
Georganas et al., "Harnessing Deep Learning via a Single Building Block", 2020), so there is nothing
to copy but the kernel, into panels.

Sums are plain sums: what is multiplied by zeros only is exactly zero, and one tap of 1 returns its
input. The error is that of a sum: in float32 1e-6 of the largest output.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ...geometry import Pair, Window
from ...ops import Array
from .. import parallel
from ..launch import flat
from ..microkernel.panels import pack
from ..microkernel.sweep import ROWS, Left, Result, Right, product, sweep
from .direct_plan import Plan, backward_plan, forward_plan

GRAIN_FLOP = 1 << 24
"""Floating-point operations of a bundle of pieces: some 200 us."""


def conv2d(x: Array, kernel: Array, window: Window, groups: int) -> Array:
    """See `Ops.conv2d`."""
    image = (x.shape[1], x.shape[2])
    plan = forward_plan(image, window, x.shape[3], kernel.shape[3], groups)
    return run(plan, x, kernel)


def conv2d_input_gradient(
    dy: Array, kernel: Array, window: Window, groups: int, image: Pair
) -> Array:
    """See `Ops.conv2d_input_gradient`."""
    channels, filters = kernel.shape[2] * groups, kernel.shape[3]
    return run(backward_plan(image, window, channels, filters, groups), dy, kernel)


def run(plan: Plan, images: Array, kernel: Array) -> Array:
    """The images that a plan writes, from those that it reads."""
    new = np.empty if plan.covers else np.zeros
    y = new((len(images), *plan.written), images.dtype)
    source, target = flat(images), y.reshape(-1)
    image = images.size // max(len(images), 1)
    work: list[Rows] = []
    for group in range(plan.groups):
        starts = plan.kernel_rows + group * plan.kernel_group
        panels = pack(kernel, starts, plan.kernel_step, plan.columns)
        _, depth, width = panels.shape
        for part in plan.parts:
            arguments = (
                Left(source[group * plan.depth :], part.reads, image, part.taps, 1),
                Right(flat(panels), part.panel_rows * width, width, depth * width),
                Result(target[group * plan.columns :], part.writes, math.prod(plan.written)),
                product(len(part.taps), part.depth),
                plan.columns,
            )
            cost = 2 * len(part.taps) * part.depth * plan.columns
            work.append(Rows(arguments, len(images) * len(part.reads), cost))

    def task(pieces: Sequence[Piece]) -> None:
        for arguments, first, stop in pieces:
            sweep(*arguments, first, stop, False)

    parallel.each(list(bundles(work)), task)
    return y


Arguments = tuple[Left, Right, Result, Array, int]


class Rows(NamedTuple):
    """Rows of a matrix that `sweep` is to make."""

    arguments: Arguments
    number: int
    cost: int
    """Operations of a row."""


Piece = tuple[Arguments, int, int]
"""Arguments, first row, stop."""


def bundles(work: Sequence[Rows]) -> Iterator[list[Piece]]:
    """All rows in pieces, and these in bundles that are each worth a thread."""
    total = sum(rows.number * rows.cost for rows in work)
    grain = max(GRAIN_FLOP, total // parallel.MOST_BLOCKS)
    bundle: list[Piece] = []
    room = grain
    for arguments, count, cost in work:
        for piece in parallel.pieces(slice(0, count), -(-grain // (cost * ROWS)) * ROWS):
            bundle.append((arguments, piece.start, piece.stop))
            room -= cost * (piece.stop - piece.start)
            if room <= 0:
                yield bundle
                bundle, room = [], grain
    if bundle:
        yield bundle
