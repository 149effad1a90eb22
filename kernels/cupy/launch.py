"""How arrays meet kernels: what they are handed over as, and how many threads there are.

How work is shared among threads depends on shapes alone, so that sums have one order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ops import Array
from . import sources
from .device import device

THREADS = 256
"""Threads of a block."""

WARP = 32
"""Threads that take their steps together."""

BLOCKS = 1 << 14
"""Blocks of a launch at most: each thread then goes on to further elements."""


def size(count: int) -> np.int64:
    """What kernels call a Size."""
    return np.int64(count)


def real(dtype: np.dtype[Any]) -> dict[str, str]:
    """The macro that says which numbers a kernel computes with."""
    return {"Real": sources.REALS[dtype.name]}


def over(
    source: str,
    kernel: str,
    count: int,
    arguments: Sequence[Any],
    defines: dict[str, str],
) -> None:
    """Run a kernel with a thread for each of `count` items, if there are any."""
    if count:
        blocks = min(-(-count // THREADS), BLOCKS)
        device().launch(source, kernel, defines, (blocks, 1, 1), (THREADS, 1, 1), arguments)


def contiguous(x: Array) -> Array:
    """X in row-major order: x itself if it is."""
    result: Array = device().xp.ascontiguousarray(x)
    return result


def empty(shape: tuple[int, ...], dtype: Any) -> Array:
    """A new array, to be filled."""
    return device().empty(shape, dtype)


def elementwise(
    source: str,
    kernel: str,
    inputs: Sequence[Array],
    scalars: Sequence[float] = (),
    outputs: int = 1,
) -> list[Array]:
    """`kernel(*inputs, *scalars, *outputs, size)` over equally shaped arrays, element by element.

    Scalars are rounded to the dtype of the first input.

    Returns:
        New arrays of the first input's shape and dtype.
    """
    like = inputs[0]
    results = [empty(like.shape, like.dtype) for _ in range(outputs)]
    numbers = [like.dtype.type(scalar) for scalar in scalars]
    arguments = [*map(contiguous, inputs), *numbers, *results, size(like.size)]
    over(source, kernel, like.size, arguments, real(like.dtype))
    return results


def rowwise(
    source: str,
    kernel: str,
    inputs: Sequence[Array],
    outputs: Sequence[Array],
    scalars: Sequence[float] = (),
) -> None:
    """`kernel(*inputs, *scalars, columns, *outputs, rows)` with a warp for each row of matrices.

    Scalars are rounded to the dtype of the first input, whose shape says what rows are.
    """
    like = inputs[0]
    columns = like.shape[-1]
    rows = like.size // columns
    numbers = [like.dtype.type(scalar) for scalar in scalars]
    arguments = [*map(contiguous, inputs), *numbers, np.int32(columns), *outputs, size(rows)]
    over(source, kernel, rows * WARP, arguments, real(like.dtype))
