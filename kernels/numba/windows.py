"""How compiled functions read a `Window`, and the copies between images and matrices of windows."""

from __future__ import annotations

from typing import TypeAlias

from ..geometry import Pair, Window
from ..ops import Array
from .jit import compiled

Numbers: TypeAlias = tuple[int, int, int, int, int, int, int, int]
"""A window as one flat tuple: size, strides, dilation, then the pads above and to the left."""


def numbers(window: Window) -> Numbers:
    """A window for compiled code; the other two pads are implied by the sizes of the arrays."""
    (top, _), (left, _) = window.pads
    return (*window.size, *window.strides, *window.dilation, top, left)


@compiled(inline=True)
def inside(first: int, size: int, step: int, length: int) -> tuple[int, int]:
    """start, stop of the i in range(size) whose first + i * step is in range(length)."""
    start = min(max(-(first // step), 0), size)  # -(a // b) is a / b rounded up, of -a
    stop = min(max(-((first - length) // step), start), size)
    return start, stop


@compiled(inline=True)
def copy_run(row: Array, at: int, run: Array) -> None:
    """What an image row holds from `at` on; 0 outside of it."""
    start, stop = inside(at, run.size, 1, row.size)
    source, target = row[at + start : at + stop], run[start:stop]
    for i in range(start):
        run[i] = 0
    for i in range(target.size):
        target[i] = source[i]
    for i in range(stop, run.size):
        run[i] = 0


@compiled(inline=True)
def add_run(run: Array, row: Array, at: int) -> None:
    """The transpose of `copy_run`: what lies outside of the row is dropped."""
    start, stop = inside(at, run.size, 1, row.size)
    source, target = run[start:stop], row[at + start : at + stop]
    for i in range(target.size):
        target[i] += source[i]


# A matrix of windows has shape (groups, pixels, KH * runs, run). A run is a piece of a window row
# that is contiguous in the image too: the whole row (runs = 1) where neither groups nor dilation
# leave gaps, else the channels of a group in one cell (runs = KW).
#
# Images are (N, H, W*C); output pixels are numbered through (N, *outputs).


@compiled()
def gather(
    x: Array, window: Numbers, outputs: Pair, channels: int, first: int, matrix: Array
) -> None:
    """Fill a matrix with the windows of output pixels first, first + 1, ..."""
    kh, _, sh, sw, dh, dw, top, left = window
    groups, pixels, runs, run = matrix.shape
    in_row = runs // kh
    for pixel in range(pixels):
        line, q = divmod(first + pixel, outputs[1])
        n, p = divmod(line, outputs[0])
        start, stop = inside(p * sh - top, kh, dh, x.shape[1])
        for i in range(kh):
            real = start <= i < stop
            row = x[n, p * sh - top + i * dh if real else 0]
            for j in range(in_row):
                for g in range(groups):
                    at = (q * sw - left + j * dw) * channels + g * run
                    copy_run(row, at if real else row.size, matrix[g, pixel, i * in_row + j])


@compiled()
def scatter(
    matrix: Array,
    window: Numbers,
    outputs: Pair,
    channels: int,
    first_channel: int,
    first: int,
    x: Array,
) -> None:
    """The transpose of `gather`: add what the windows hold to the cells that they were read from.

    A run then holds channels from `first_channel` on.
    """
    kh, _, sh, sw, dh, dw, top, left = window
    groups, pixels, runs, run = matrix.shape
    in_row = runs // kh
    for pixel in range(pixels):
        line, q = divmod(first + pixel, outputs[1])
        n, p = divmod(line, outputs[0])
        start, stop = inside(p * sh - top, kh, dh, x.shape[1])
        for i in range(start, stop):
            row = x[n, p * sh - top + i * dh]
            for j in range(in_row):
                for g in range(groups):
                    at = (q * sw - left + j * dw) * channels + first_channel + g * run
                    add_run(matrix[g, pixel, i * in_row + j], row, at)
