"""Matrices in panels as wide as a tile: (P, K, columns). A tile reads one row after another.

Read in place, a tile's few columns would lie in a cache line of their own for each row, and where
rows are a power of two apart, in the same few places of the cache.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from ...ops import Array
from .. import memory, parallel
from ..jit import compiled
from ..launch import flat
from .target import TARGET
from .vectors import INT, Vectors

BLOCK = 16
"""Rows that are turned at once: a cache line of float32."""


def move(typing: Any, like: Any, source: Any, target: Any) -> Any:
    """For compiled code: copy a tile's columns, from one address to another.

    A loop over them would be prepared for arrays that overlap, which takes longer than the copy.
    """

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        _, source, target = values
        vectors = Vectors(builder.module, like.dtype.bitwidth)
        vectors.builder = builder
        for number in range(TARGET.vectors):
            place = INT(number * TARGET.bytes)
            vectors.store(vectors.load(builder.add(source, place)), builder.add(target, place))
        return context.get_dummy_value()

    return types.void(like, types.int64, types.int64), generate


copy_columns: Callable[..., None] = intrinsic(move)


@compiled()
def fill(
    source: Array, rows: Array, step: int, columns: int, first: int, stop: int, panels: Array
) -> None:
    """Fill rows `first` to `stop` of panels (P, K, width).

    Row k, column n of the matrix is source[rows[k] + n * step].

    What a panel has beyond the last column stays as it is. The source is read in the order in which
    it lies: along the rows where its columns are neighbours, else along the columns.
    """
    count, depth, width = panels.shape
    if step == 1:
        full, size = columns // width, panels.itemsize
        start, end = np.int64(source.ctypes.data), np.int64(panels.ctypes.data)
        for k in range(first, stop):
            row, target = start + rows[k] * size, end + k * width * size
            for _ in range(full):
                copy_columns(source, row, target)
                row += width * size
                target += depth * width * size
            for n in range(columns - full * width):
                panels[full, k, n] = source[rows[k] + full * width + n]
        return
    for panel in range(count):
        column = panel * width
        for block in range(first, stop, BLOCK):
            for n in range(min(width, columns - column)):
                for k in range(block, min(block + BLOCK, stop)):
                    panels[panel, k, n] = source[rows[k] + (column + n) * step]


def pack(source: Array, rows: Array, step: int, columns: int) -> Array:
    """The matrix whose row k, column n is source.flat[rows[k] + n * step], in panels."""
    width = TARGET.columns(source.itemsize)
    panels = memory.empty((-(-columns // width), len(rows), width), source.dtype)
    numbers = flat(source)

    def task(block: slice) -> None:
        fill(numbers, rows, step, columns, block.start, block.stop, panels)

    parallel.each(parallel.blocks(len(rows), -(-parallel.GRAIN // columns), BLOCK), task)
    return panels
