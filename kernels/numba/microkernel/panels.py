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
def fill(source: Array, rows: Array, step: int, columns: int, first: int, panels: Array) -> None:
    """Fill panels `first`, `first` + 1, ...: row k, column n is source[rows[k] + n * step].

    What a panel has beyond the last column stays as it is.
    """
    count, depth, width = panels.shape
    for panel in range(count):
        column = (first + panel) * width
        filled = min(width, columns - column)
        if step == 1:
            for k in range(depth):
                row = source[rows[k] + column : rows[k] + column + filled]
                target = panels[panel, k]
                for n in range(row.size):
                    target[n] = row[n]
        else:
            for block in range(0, depth, BLOCK):
                for n in range(filled):
                    for k in range(block, min(block + BLOCK, depth)):
                        panels[panel, k, n] = source[rows[k] + (column + n) * step]


def pack(source: Array, rows: Array, step: int, columns: int) -> Array:
    """The matrix whose row k, column n is source.flat[rows[k] + n * step], in panels."""
    width = TARGET.columns(source.itemsize)
    panels = np.empty((-(-columns // width), len(rows), width), source.dtype)
    numbers = flat(source)

    def task(block: slice) -> None:
        fill(numbers, rows, step, columns, block.start, panels[block])

    grain = -(-parallel.GRAIN // (len(rows) * width))
    parallel.each(parallel.blocks(len(panels), grain), task)
    return panels
