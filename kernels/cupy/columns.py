"""Sums over the rows of matrices, one for each column; the kernels' side is `columns.cuh`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..ops import Array
from .device import device
from .launch import THREADS, WARP, empty, over, real

BLOCKS = 1024
"""Blocks of a launch at most, about: more would leave more parts to add up in order."""

LEAST = 8
"""Rows that each thread of a slab takes, where there are so many."""


class Parts(NamedTuple):
    """Sums over slabs of rows."""

    sums: Array
    """(slabs, sums, columns) in float64."""
    dtype: np.dtype[Any]
    """Of the matrices that were summed up."""

    def finish(self, source: str, kernel: str, arguments: Sequence[Any]) -> None:
        """`kernel(parts, slabs, *arguments, columns)` with a thread for each column."""
        slabs, _, columns = self.sums.shape
        everything = [self.sums, np.int32(slabs), *arguments, np.int64(columns)]
        over(source, kernel, columns, everything, real(self.dtype))


def column_sums(
    source: str, kernel: str, arguments: Sequence[Array], shape: tuple[int, int], sums: int
) -> Parts:
    """`kernel(*arguments, COLUMNS)`, which takes `sums` sums over matrices (rows, columns)."""
    rows, columns = shape
    tile = min(WARP, 1 << (columns - 1).bit_length())
    tiles = -(-columns // tile)
    slab = max(-(-rows // max(BLOCKS // tiles, 1)), LEAST * THREADS // tile)
    slabs = max(-(-rows // slab), 1)
    parts, dtype = empty((slabs, sums, columns), np.float64), arguments[0].dtype
    everything = [*arguments, np.int64(rows), np.int32(columns), np.int32(tile), np.int64(slab)]
    grid, block = (tiles, slabs, 1), (THREADS, 1, 1)
    device().launch(source, kernel, real(dtype), grid, block, [*everything, parts])
    return Parts(parts, dtype)
