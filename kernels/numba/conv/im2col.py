"""Convolution as matrix products of windows with the kernel, block by block.

The mathematics is that of the NumPy backend's conv.py: with every window as a row of a matrix,

    y = windows @ weights      dweights = windows^T @ dy      dwindows = dy @ weights^T

for each group, and dx adds up dwindows where windows overlap. Here

* v1 did that for a whole batch at once: a matrix KH KW times the size of the images;
* v2 (this) makes the windows of some output pixels, multiplies them while they are in the cache,
  and reuses the memory. Threads take blocks of pixels. A 1x1 kernel's windows are the image itself
  and are not copied.

Sums are plain sums: what is multiplied by zeros only is exactly zero. In float32 the largest error
is 1e-6 of the largest output, of 100,000 products and more 4e-6.
"""

from __future__ import annotations

import itertools

import numpy as np

from ...geometry import Pair, Window
from ...ops import Array, into
from .. import launch, memory, parallel
from ..blas import BLOCK_FLOP, one_thread
from ..finish import Finish, finish_block
from ..launch import read
from ..windows import gather, numbers, scatter

MATRIX = 1 << 18
"""Elements of a block's matrix of windows: 1 MiB in float32, so that it stays in the cache."""

PIXELS = 256
"""Pixels of a block, even if its matrix is larger then: each block reads the whole kernel."""

LARGEST_MATRIX = 1 << 20
"""Elements of a block's matrix in any case, unless a single window is larger."""

PARTIAL_SUMS = 1 << 21
"""Elements of all the partial sums of a kernel gradient, unless four sums are more."""

COPY = 32
"""Copying an element takes as long as so many operations of a product; starting a run, 16 times."""

IMAGE_TASKS = 8
"""Tasks of an input gradient at least, if need be by taking an image's channels apart."""

CHANNELS = 16
"""Channels of such a part at least."""


def by_group(matrix: Array, groups: int) -> Array:
    """Each group's columns as a matrix of its own: (R, C) -> (G, R, C/G), a view."""
    rows, columns = matrix.shape
    return matrix.reshape(rows, groups, columns // groups).swapaxes(0, 1)


class Plan:
    """How a call is cut into blocks of output pixels, and their windows laid out in memory."""

    def __init__(self, image: Pair, window: Window, channels: int, groups: int):
        self.numbers, self.outputs = numbers(window), window.output_size(image)
        self.channels, self.groups = channels, groups
        self.cells = window.size[0] * window.size[1]
        self.length = self.cells * channels // groups  # of a window, in one group: K
        gapless = groups == 1 and window.dilation[1] == 1
        self.runs = window.size[0] if gapless else self.cells
        self.is_image = window == Window((1, 1))
        self.copying = 0 if self.is_image else COPY * groups * (self.length + 16 * self.runs)
        elements = self.length * groups  # of a pixel's windows
        self.pixels = max(min(max(MATRIX // elements, PIXELS), LARGEST_MATRIX // elements), 1)

    def cost(self, filters: int) -> int:
        """Operations of an output pixel, copying counted as operations."""
        return 2 * self.length * filters + self.copying

    def blocks(self, pixels: int, filters: int, most: int = parallel.MOST_BLOCKS) -> list[slice]:
        """Blocks of output pixels, each worth a thread: at most so many."""
        grain = max(BLOCK_FLOP // self.cost(filters), -(-pixels // most), 1)
        return parallel.blocks(pixels, grain)

    def pieces(self, block: slice) -> list[slice]:
        """A block in pieces whose windows are small enough to be made at once."""
        return parallel.pieces(block, self.pixels)

    def windows(self, x: Array, pixels: slice) -> Array:
        """The windows of some output pixels of x (N, H, W, C): (G, P, K), valid until the next."""
        if self.is_image:
            return by_group(x.reshape(-1, self.channels)[pixels], self.groups)
        count = pixels.stop - pixels.start
        shape = (self.groups, count, self.runs, self.length // self.runs)
        matrix = parallel.scratch(shape, x.dtype)
        rows = x.reshape(*x.shape[:2], -1)  # (N, H, W*C)
        gather(rows, self.numbers, self.outputs, self.channels, pixels.start, matrix)
        return matrix.reshape(self.groups, count, self.length)

    def add_windows(
        self, upstream: Array, weights: Array, part: slice, pixels: slice, dx: Array
    ) -> None:
        """Add upstream @ weights, (G, P, O/G) @ (G, O/G, K), to where `windows` reads them from.

        The windows hold only a part of each group's channels where there is one group.
        """
        if self.is_image:
            cells = by_group(dx.reshape(-1, self.channels), self.groups)  # (G, N*H*W, C/G)
            np.matmul(upstream, weights, out=cells[:, pixels, part])
            return
        shape = (self.groups, pixels.stop - pixels.start, weights.shape[2])
        matrix = np.matmul(upstream, weights, out=parallel.scratch(shape, dx.dtype))
        whole = part.stop - part.start == self.channels // self.groups
        runs = self.runs if whole else self.cells
        scatter(
            matrix.reshape(*shape[:2], runs, -1),
            self.numbers,
            self.outputs,
            self.channels,
            part.start,
            pixels.start,
            dx.reshape(*dx.shape[:2], -1),  # (N, H, W*C)
        )


def conv2d(x: Array, kernel: Array, window: Window, groups: int, finish: Finish) -> Array:
    """See `Ops.conv2d`: y = windows @ weights. A task writes the outputs of a block of pixels."""
    n_images, height, width, channels = x.shape
    filters = kernel.shape[3]
    plan = Plan((height, width), window, channels, groups)
    weights = by_group(kernel.reshape(-1, filters), groups)  # (G, K, O/G)
    y = memory.empty((n_images, *plan.outputs, filters), x.dtype)
    rows = y.reshape(-1, filters)  # (N*OH*OW, O)
    images, outputs = read(x), by_group(rows, groups)  # (G, N*OH*OW, O/G)

    def task(block: slice) -> None:
        for pixels in plan.pieces(block):
            np.matmul(plan.windows(images, pixels), weights, out=outputs[:, pixels])
            finish_block(rows, pixels.start, pixels.stop, 0, filters, finish)

    with one_thread:
        parallel.each(plan.blocks(len(rows), filters), task)
    return y


def conv2d_kernel_gradient(
    x: Array, dy: Array, window: Window, groups: int, out: Array | None = None
) -> Array:
    """See `Ops.conv2d_kernel_gradient`: dweights = windows^T @ dy.

    A task sums over a block of pixels.
    """
    filters, channels = dy.shape[3], x.shape[3]
    plan = Plan((x.shape[1], x.shape[2]), window, channels, groups)
    images, upstream = read(x), by_group(read(dy).reshape(-1, filters), groups)  # (G, P, O/G)
    size = plan.length * filters
    blocks = plan.blocks(upstream.shape[1], filters, most=max(PARTIAL_SUMS // size, 4))
    partial = memory.zeros((max(len(blocks), 1), plan.length, filters), x.dtype)

    def task(numbered: tuple[int, slice]) -> None:
        number, block = numbered
        first, *rest = plan.pieces(block)
        total = by_group(partial[number], groups)  # (G, K, O/G)
        np.matmul(plan.windows(images, first).swapaxes(1, 2), upstream[:, first], out=total)
        for pixels in rest:
            total += plan.windows(images, pixels).swapaxes(1, 2) @ upstream[:, pixels]

    with one_thread:
        parallel.each(list(enumerate(blocks)), task)
    weights = launch.add_in_order(partial)  # (K, O)
    shape = (*window.size, channels // groups, filters)  # (KH, KW, C/G, O)
    return into(out, weights.reshape(shape))


def conv2d_input_gradient(
    dy: Array, kernel: Array, window: Window, groups: int, image: Pair
) -> Array:
    """See `Ops.conv2d_input_gradient`: dwindows = dy @ weights^T, added up where they overlap.

    A task owns some images, or where there are few, some channels of an image: nobody else adds to
    what it adds to, and it goes through the windows in order.
    """
    n_images, filters, depth = len(dy), dy.shape[3], kernel.shape[2]
    plan = Plan(image, window, depth * groups, groups)
    area = plan.outputs[0] * plan.outputs[1]
    upstream = by_group(read(dy).reshape(-1, filters), groups)  # (G, N*OH*OW, O/G)
    dx = memory.zeros((n_images, *image, plan.channels), dy.dtype)

    def task(item: tuple[slice, slice]) -> None:
        images, part = item
        weights = by_group(kernel[:, :, part].reshape(-1, filters), groups).swapaxes(1, 2)
        for pixels in plan.pieces(slice(images.start * area, images.stop * area)):
            plan.add_windows(upstream[:, pixels], weights, part, pixels, dx)

    cost = area * plan.cost(filters)  # of an image
    batches = parallel.blocks(n_images, max(BLOCK_FLOP // cost, 1))
    apart = len(batches) < IMAGE_TASKS and groups == 1 and cost > BLOCK_FLOP
    size = max(-(-depth * len(batches) // IMAGE_TASKS), CHANNELS) if apart else depth
    with one_thread:
        parallel.each(
            list(itertools.product(batches, parallel.pieces(slice(0, depth), size))), task
        )
    return dx
