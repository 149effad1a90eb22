"""Products of few rows and few columns whose sums are long: each task has a part of the sums.

The micro-kernel reads both matrices as they lie, side by side from the main memory, which such a
product waits for. BLAS copies both first: with sums of 160,000 it took 1.5 times as long.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ops import Array
from . import launch, memory
from .calls import call_at
from .finish import NOTHING, Finish
from .jit import compiled
from .launch import flat
from .microkernel.sweep import Left, Product, Result, Right, sweep_address, table
from .microkernel.target import TARGET


def fits(a: Array, b: Array) -> bool:
    """Whether the micro-kernel can read (M, K) and (K, N) as they lie: N fills its vectors."""
    lies = a.flags.c_contiguous or a.T.flags.c_contiguous
    return lies and b.flags.c_contiguous and b.shape[1] % TARGET.lanes(b.itemsize) == 0


def product(a: Array, b: Array, sums: Sequence[slice]) -> Array:
    """(M, K) @ (K, N), for each block of K by itself; then they are added up, in order."""
    (rows, _), columns = a.shape, b.shape[1]
    partial = memory.empty((len(sums), rows, columns), a.dtype)
    row, step = (distance // a.itemsize for distance in a.strides)
    numbers = flat(a if a.flags.c_contiguous else a.T)
    none = np.zeros(1, np.int64)
    launch.each(
        multiply_block,
        len(sums),
        sweep_address(a.dtype),
        Left(numbers, np.arange(rows) * row, 0, none, step),
        Right(flat(b), none, columns, TARGET.columns(a.itemsize)),
        Result(partial.reshape(-1), np.arange(rows) * columns, 0),
        table(
            Product(
                a=block.start * step,
                b=block.start * columns,
                c=number * rows * columns,
                first_tap=0,
                stop_tap=1,
                depth=block.stop - block.start,
                first_row=0,
                stop_row=rows,
                first=0,
                stop=rows,
            )
            for number, block in enumerate(sums)
        ),
        columns,
        NOTHING[a.itemsize],
    )
    return launch.add_in_order(partial)


@compiled()
def multiply_block(
    block: int,
    _: int,
    sweeping: int,
    left: Left,
    right: Right,
    result: Result,
    products: Array,
    columns: int,
    nothing: Finish,
) -> None:
    """One block of the sums."""
    own = products[block : block + 1]
    call_at(sweeping, (left, right, result, own, columns, False, nothing))
