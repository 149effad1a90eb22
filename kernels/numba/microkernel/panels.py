"""Matrices in panels as wide as a tile: (P, K, columns). A tile reads one row after another.

Read in place, a tile's few columns would lie in a cache line of their own for each row, and where
rows are a power of two apart, in the same few places of the cache.
"""

from __future__ import annotations

import numpy as np

from ...ops import Array
from .. import parallel
from ..jit import compiled
from ..launch import flat
from .target import TARGET

BLOCK = 16
"""Rows that are turned at once: a cache line of float32."""


@compiled()
def fill(
    source: Array, rows: Array, step: int, columns: int, first: int, stop: int, panels: Array
) -> None:
    """Fill rows `first` to `stop` of panels (P, K, width).

    Row k, column n of the matrix is source[rows[k] + n * step].

    What a panel has beyond the last column stays as it is. The source is read in the order in which
    it lies: along the rows where its columns are neighbours, else along the columns.
    """
    count, _, width = panels.shape
    if step == 1:
        for k in range(first, stop):
            for panel in range(count):
                column = panel * width
                row = source[rows[k] + column : rows[k] + min(column + width, columns)]
                target = panels[panel, k]
                for n in range(row.size):
                    target[n] = row[n]
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
    panels = np.empty((-(-columns // width), len(rows), width), source.dtype)
    numbers = flat(source)

    def task(block: slice) -> None:
        fill(numbers, rows, step, columns, block.start, block.stop, panels)

    parallel.each(parallel.blocks(len(rows), -(-parallel.GRAIN // columns), BLOCK), task)
    return panels
