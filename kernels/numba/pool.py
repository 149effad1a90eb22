"""Pooling over real cells: a task owns output rows, or in the gradients whole images.

A row of outputs is computed cell by cell of the window: all that the outputs read from one cell of
theirs is a run, of pixels a stride apart in a row of the image. It is copied into a line first:
over the few channels of a pixel no loop would be vectorised.
"""

from __future__ import annotations

import numpy as np

from .. import kernel
from ..geometry import Pair, Window
from ..ops import Array
from . import launch, memory, parallel
from .copies import copy
from .jit import compiled
from .launch import read
from .pixels import apart, together
from .windows import Numbers, inside, numbers


@compiled()
def challenge(
    cells: Array, number: int, largest: Array, winner: Array, above: Array, now: Array
) -> None:
    """The larger of cells and the largest so far, and which of them won by their number.

    A NaN wins, unless a NaN has won before. LLVM vectorises this only if it is written elsewhere,
    to arrays that were made one by one, in a loop for each: that takes an eighth of the time.
    """
    for c in range(above.size):
        cell, champion = cells[c], largest[c]
        above[c] = cell if (not cell <= champion) & (champion == champion) else champion
    for c in range(now.size):
        cell, champion, before = cells[c], largest[c], winner[c]
        now[c] = number if (not cell <= champion) & (champion == champion) else before


@compiled()
def _max_pool2d(x: Array, window: Numbers, rows: int, first: int, y: Array, place: Array) -> None:
    """Output rows first, first + 1, ... of (N, rows): x (N, H, W, C), y and place (R, OW, C)."""
    kh, kw, sh, sw, dh, dw, top, left = window
    _, height, width, channels = x.shape
    columns = y.shape[1]
    line = np.empty(columns * channels, x.dtype)
    largest, above = np.empty_like(line), np.empty_like(line)
    winner, now = np.empty(line.size, place.dtype), np.empty(line.size, place.dtype)
    for r in range(len(y)):
        n, p = divmod(first + r, rows)
        i_start, i_stop = inside(p * sh - top, kh, dh, height)
        largest[:] = -np.inf
        for q in range(columns):  # where all cells are -inf, the first real one has won
            j_start, _ = inside(q * sw - left, kw, dw, width)
            winner[q * channels : (q + 1) * channels] = i_start * kw + j_start
        for i in range(i_start, i_stop):
            row = x[n, p * sh - top + i * dh].reshape(-1)
            for j in range(kw):
                q_start, q_stop = inside(j * dw - left, columns, sw, width)
                begin, end = q_start * channels, q_stop * channels
                line[:begin] = line[end:] = -np.inf  # never wins
                together(row, q_start * sw - left + j * dw, sw, channels, line[begin:end])
                number = place.dtype.type(i * kw + j)
                challenge(line, number, largest, winner, above, now)
                largest, winner, above, now = above, now, largest, winner
        copy(largest, y[r].reshape(-1))
        copy(winner, place[r].reshape(-1))


def row_blocks(rows: int, work: int) -> Array:
    """The edges of blocks of so many rows, which read or write `work` elements in all."""
    return parallel.edges(rows, max(parallel.GRAIN * rows // max(work, 1), 1))


@compiled()
def _max_pool2d_block(
    block: int, _: int, edges: Array, x: Array, window: Numbers, rows: int, y: Array, place: Array
) -> None:
    first, stop = edges[block], edges[block + 1]
    _max_pool2d(x, window, rows, first, y[first:stop], place[first:stop])


@kernel("max_pool2d", backend="numba")
def max_pool2d(x: Array, window: Window) -> tuple[Array, Array]:
    """The first real cell that no later one beats."""
    n_images, height, width, channels = x.shape
    rows, columns = window.output_size((height, width))
    y = memory.empty((n_images * rows, columns, channels), x.dtype)
    place = memory.empty(y.shape, window.places)
    edges = row_blocks(len(y), y.size * window.size[0] * window.size[1])
    common = edges, read(x), numbers(window), rows
    launch.each(_max_pool2d_block, len(edges) - 1, *common, y, place)
    shape = (n_images, rows, columns, channels)
    return y.reshape(shape), place.reshape(shape)


@compiled()
def hand_over(dy: Array, winner: Array, number: int, share: Array) -> None:
    """What the cells of a number receive."""
    zero = type(dy[0])(0)
    for c in range(share.size):
        share[c] = dy[c] if winner[c] == number else zero


@compiled()
def _max_pool2d_gradient(dy: Array, place: Array, window: Numbers, dx: Array) -> None:
    kh, kw, sh, sw, dh, dw, top, left = window
    _, height, width, channels = dx.shape
    images, rows, columns, _ = dy.shape
    line = np.empty(columns * channels, dy.dtype)
    for n in range(images):
        dx[n] = 0
        for p in range(rows):
            upstream, winner = dy[n, p].reshape(-1), place[n, p].reshape(-1)
            i_start, i_stop = inside(p * sh - top, kh, dh, height)
            for i in range(i_start, i_stop):
                row = dx[n, p * sh - top + i * dh].reshape(-1)
                for j in range(kw):
                    q_start, q_stop = inside(j * dw - left, columns, sw, width)
                    some = slice(q_start * channels, q_stop * channels)
                    hand_over(upstream[some], winner[some], i * kw + j, line[some])
                    apart(line[some], row, q_start * sw - left + j * dw, sw, channels)


@kernel("max_pool2d_gradient", backend="numba")
def max_pool2d_gradient(dy: Array, argmax: Array, window: Window, image: Pair) -> Array:
    """Each cell of a window receives dy where its number is the winner's, else 0."""
    dx = memory.empty((len(dy), *image, dy.shape[3]), dy.dtype)
    edges = row_blocks(len(dy), dy.size * window.size[0] * window.size[1])
    inputs = read(dy), read(argmax)
    launch.blocks(_max_pool2d_gradient, edges, inputs, [numbers(window)], dx)
    return dx


@compiled()
def add(cells: Array, total: Array) -> None:
    """Add cells to a total."""
    for c in range(total.size):
        total[c] += cells[c]


@compiled()
def real_columns(window: Numbers, width: int, channels: int, counts: Array) -> None:
    """For each number of an output row, how many columns of its window are real."""
    _, kw, _, sw, _, dw, _, left = window
    for q in range(counts.size // channels):
        j_start, j_stop = inside(q * sw - left, kw, dw, width)
        counts[q * channels : (q + 1) * channels] = j_stop - j_start


@compiled()
def divide(y: Array, counts: Array, rows: int) -> None:
    """Divide an output row by its windows' numbers of real cells, in so many real rows."""
    number = type(y[0])(rows)
    for c in range(y.size):
        y[c] /= counts[c] * number


@compiled()
def _average_pool2d(x: Array, window: Numbers, rows: int, first: int, y: Array) -> None:
    """Output rows first, first + 1, ... of (N, rows): x (N, H, W, C), y (R, OW, C)."""
    kh, kw, sh, sw, dh, dw, top, left = window
    _, height, width, channels = x.shape
    columns = y.shape[1]
    line, cells = np.empty(width * channels, x.dtype), np.empty(columns * channels, x.dtype)
    counts = np.empty_like(cells)
    real_columns(window, width, channels, counts)
    for r in range(len(y)):
        n, p = divmod(first + r, rows)
        i_start, i_stop = inside(p * sh - top, kh, dh, height)
        line[:] = 0
        for i in range(i_start, i_stop):
            add(x[n, p * sh - top + i * dh].reshape(-1), line)
        mean = y[r].reshape(-1)
        mean[:] = 0
        for j in range(kw):
            q_start, q_stop = inside(j * dw - left, columns, sw, width)
            some = slice(q_start * channels, q_stop * channels)
            together(line, q_start * sw - left + j * dw, sw, channels, cells[some])
            add(cells[some], mean[some])
        divide(mean, counts, i_stop - i_start)


@compiled()
def _average_pool2d_block(
    block: int, _: int, edges: Array, x: Array, window: Numbers, rows: int, y: Array
) -> None:
    first, stop = edges[block], edges[block + 1]
    _average_pool2d(x, window, rows, first, y[first:stop])


@kernel("average_pool2d", backend="numba")
def average_pool2d(x: Array, window: Window) -> Array:
    """The sum of the real cells over their number: first down the columns, then along."""
    n_images, height, width, channels = x.shape
    rows, columns = window.output_size((height, width))
    y = memory.empty((n_images * rows, columns, channels), x.dtype)
    edges = row_blocks(len(y), y.size * window.size[0] * window.size[1])
    launch.each(_average_pool2d_block, len(edges) - 1, edges, read(x), numbers(window), rows, y)
    return y.reshape(n_images, rows, columns, channels)


@compiled()
def _average_pool2d_gradient(dy: Array, window: Numbers, dx: Array) -> None:
    kh, kw, sh, sw, dh, dw, top, left = window
    _, height, width, channels = dx.shape
    images, rows, columns, _ = dy.shape
    line, share = np.empty(width * channels, dy.dtype), np.empty(columns * channels, dy.dtype)
    counts = np.empty_like(share)
    real_columns(window, width, channels, counts)
    for n in range(images):
        dx[n] = 0
        for p in range(rows):
            i_start, i_stop = inside(p * sh - top, kh, dh, height)
            copy(dy[n, p].reshape(-1), share)
            divide(share, counts, i_stop - i_start)
            line[:] = 0
            for j in range(kw):
                q_start, q_stop = inside(j * dw - left, columns, sw, width)
                some = share[q_start * channels : q_stop * channels]
                apart(some, line, q_start * sw - left + j * dw, sw, channels)
            for i in range(i_start, i_stop):
                add(line, dx[n, p * sh - top + i * dh].reshape(-1))


@kernel("average_pool2d_gradient", backend="numba")
def average_pool2d_gradient(dy: Array, window: Window, image: Pair) -> Array:
    """Each output hands an equal share of its dy to each real cell: first along, then down."""
    dx = memory.empty((len(dy), *image, dy.shape[3]), dy.dtype)
    edges = row_blocks(len(dy), dy.size * window.size[0] * window.size[1])
    launch.blocks(_average_pool2d_gradient, edges, [read(dy)], [numbers(window)], dx)
    return dx
