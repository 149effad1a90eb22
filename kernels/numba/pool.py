"""Pooling over real cells: a task owns output rows, or in the gradients whole images."""

from __future__ import annotations

import numpy as np

from .. import kernel
from ..geometry import Pair, Window
from ..ops import Array
from . import memory, parallel
from .jit import compiled
from .launch import read
from .windows import Numbers, inside, numbers


@compiled()
def _max_pool2d(x: Array, window: Numbers, rows: int, first: int, y: Array, place: Array) -> None:
    """Output rows first, first + 1, ... of (N, rows): x (N, H, W, C), y and place (R, OW, C)."""
    kh, kw, sh, sw, dh, dw, top, left = window
    for r in range(len(y)):
        n, p = divmod(first + r, rows)
        i_start, i_stop = inside(p * sh - top, kh, dh, x.shape[1])
        for q in range(y.shape[1]):
            j_start, j_stop = inside(q * sw - left, kw, dw, x.shape[2])
            largest, winner = y[r, q], place[r, q]
            for i in range(i_start, i_stop):
                for j in range(j_start, j_stop):
                    cell = x[n, p * sh - top + i * dh, q * sw - left + j * dw]
                    number = np.int32(i * kw + j)
                    first_cell = i == i_start and j == j_start
                    for c in range(cell.size):
                        # A NaN wins, unless a NaN has won before:
                        beats = not cell[c] <= largest[c] and largest[c] == largest[c]
                        wins = first_cell or beats
                        largest[c] = cell[c] if wins else largest[c]
                        winner[c] = number if wins else winner[c]


def row_blocks(rows: int, work: int) -> list[slice]:
    """Blocks of so many rows, which read or write `work` elements in all."""
    return parallel.blocks(rows, max(parallel.GRAIN * rows // max(work, 1), 1))


@kernel("max_pool2d", backend="numba")
def max_pool2d(x: Array, window: Window) -> tuple[Array, Array]:
    """The first real cell that no later one beats."""
    n_images, height, width, channels = x.shape
    rows, columns = window.output_size((height, width))
    y = memory.empty((n_images * rows, columns, channels), x.dtype)
    place = memory.empty(y.shape, np.dtype(np.int32))
    source, numbered = read(x), numbers(window)

    def task(block: slice) -> None:
        _max_pool2d(source, numbered, rows, block.start, y[block], place[block])

    parallel.each(row_blocks(len(y), y.size * window.size[0] * window.size[1]), task)
    shape = (n_images, rows, columns, channels)
    return y.reshape(shape), place.reshape(shape)


@compiled()
def _max_pool2d_gradient(dy: Array, place: Array, window: Numbers, dx: Array) -> None:
    kh, kw, sh, sw, dh, dw, top, left = window
    zero = type(dy[0, 0, 0, 0])(0)
    for n, p, q in np.ndindex(dy.shape[:3]):
        i_start, i_stop = inside(p * sh - top, kh, dh, dx.shape[1])
        j_start, j_stop = inside(q * sw - left, kw, dw, dx.shape[2])
        for i in range(i_start, i_stop):
            for j in range(j_start, j_stop):
                cell = dx[n, p * sh - top + i * dh, q * sw - left + j * dw]
                for c in range(cell.size):
                    cell[c] += dy[n, p, q, c] if place[n, p, q, c] == i * kw + j else zero


@kernel("max_pool2d_gradient", backend="numba")
def max_pool2d_gradient(dy: Array, argmax: Array, window: Window, image: Pair) -> Array:
    """Each cell of a window receives dy where its number is the winner's, else 0."""
    dx = memory.zeros((len(dy), *image, dy.shape[3]), dy.dtype)
    upstream, places, numbered = read(dy), read(argmax), numbers(window)

    def task(block: slice) -> None:
        _max_pool2d_gradient(upstream[block], places[block], numbered, dx[block])

    parallel.each(row_blocks(len(dy), dy.size * window.size[0] * window.size[1]), task)
    return dx


@compiled()
def _average_pool2d(x: Array, window: Numbers, rows: int, first: int, y: Array) -> None:
    """Output rows first, first + 1, ... of (N, rows): x (N, H, W, C), y (R, OW, C)."""
    kh, kw, sh, sw, dh, dw, top, left = window
    for r in range(len(y)):
        n, p = divmod(first + r, rows)
        i_start, i_stop = inside(p * sh - top, kh, dh, x.shape[1])
        for q in range(y.shape[1]):
            j_start, j_stop = inside(q * sw - left, kw, dw, x.shape[2])
            mean = y[r, q]
            for i in range(i_start, i_stop):
                for j in range(j_start, j_stop):
                    cell = x[n, p * sh - top + i * dh, q * sw - left + j * dw]
                    for c in range(cell.size):
                        mean[c] += cell[c]
            count = type(mean[0])((i_stop - i_start) * (j_stop - j_start))
            for c in range(mean.size):
                mean[c] /= count


@kernel("average_pool2d", backend="numba")
def average_pool2d(x: Array, window: Window) -> Array:
    """The sum of the real cells over their number."""
    n_images, height, width, channels = x.shape
    rows, columns = window.output_size((height, width))
    y = memory.zeros((n_images * rows, columns, channels), x.dtype)
    source, numbered = read(x), numbers(window)

    def task(block: slice) -> None:
        _average_pool2d(source, numbered, rows, block.start, y[block])

    parallel.each(row_blocks(len(y), y.size * window.size[0] * window.size[1]), task)
    return y.reshape(n_images, rows, columns, channels)


@compiled()
def _average_pool2d_gradient(dy: Array, window: Numbers, dx: Array) -> None:
    kh, kw, sh, sw, dh, dw, top, left = window
    for n, p, q in np.ndindex(dy.shape[:3]):
        i_start, i_stop = inside(p * sh - top, kh, dh, dx.shape[1])
        j_start, j_stop = inside(q * sw - left, kw, dw, dx.shape[2])
        count = type(dy[n, p, q, 0])((i_stop - i_start) * (j_stop - j_start))
        for i in range(i_start, i_stop):
            for j in range(j_start, j_stop):
                cell = dx[n, p * sh - top + i * dh, q * sw - left + j * dw]
                for c in range(cell.size):
                    cell[c] += dy[n, p, q, c] / count


@kernel("average_pool2d_gradient", backend="numba")
def average_pool2d_gradient(dy: Array, window: Window, image: Pair) -> Array:
    """Each output hands an equal share of its dy to each real cell of its window."""
    dx = memory.zeros((len(dy), *image, dy.shape[3]), dy.dtype)
    upstream, numbered = read(dy), numbers(window)

    def task(block: slice) -> None:
        _average_pool2d_gradient(upstream[block], numbered, dx[block])

    parallel.each(row_blocks(len(dy), dy.size * window.size[0] * window.size[1]), task)
    return dx
