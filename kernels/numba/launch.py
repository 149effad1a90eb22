"""How arrays meet compiled functions.

Numba compiles a function anew for each combination of argument types, and an array's type holds
not only its dtype and number of axes, but also its layout and whether it may be written to. Here
every input is handed over as a contiguous *read-only* view, so that each function is compiled once
per dtype, whatever the caller's arrays are; and no kernel that writes to an input compiles. An
input that is not contiguous, or not aligned as compiled code expects, is copied first. Scalars are
rounded to the arrays' dtype: an expression in which float32 meets a Python float would be computed
in double precision.

Compiled functions take inputs, scalars, then the arrays to fill. They loop over `range(size)` of
what they are given: a loop that starts elsewhere is one that LLVM does not vectorise, since an
index might be negative, which in Python counts from the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..ops import Array
from . import memory, parallel

Compiled = Callable[..., None]

WIDTH = 256
"""Elements of a period at least, for loops over it to be worth vectorising."""


def read(x: Array) -> Array:
    """X as a contiguous, read-only array of its shape (of a scalar, (1,)): a view if possible."""
    flags = x.flags
    if x.ndim and flags.c_contiguous and flags.aligned and not flags.writeable:
        return x
    view = np.ascontiguousarray(x).view()
    if not view.flags.aligned:
        view = view.copy()
    view.setflags(write=False)
    return view


def flat(x: Array) -> Array:
    """`read(x)` with one axis."""
    return read(x).reshape(-1)


def constants(dtype: np.dtype[Any], scalars: Sequence[float]) -> list[Any]:
    """Scalars as numbers of a dtype, each rounded once."""
    return [dtype.type(scalar) for scalar in scalars]


def elementwise(
    kernel: Compiled, inputs: Sequence[Array], scalars: Sequence[float] = (), outputs: int = 1
) -> list[Array]:
    """`kernel(*inputs, *scalars, *outputs)` over flat blocks of equally shaped arrays.

    Returns:
        New arrays of the first input's shape and dtype.
    """
    like = inputs[0]
    results = [memory.empty(like.shape, like.dtype) for _ in range(outputs)]
    numbers = constants(like.dtype, scalars)
    sources, targets = [flat(x) for x in inputs], [y.reshape(-1) for y in results]

    def task(block: slice) -> None:
        kernel(*[x[block] for x in sources], *numbers, *[y[block] for y in targets])

    parallel.each(parallel.blocks(like.size, parallel.GRAIN, multiple=16), task)
    return results


def rowwise(
    kernel: Compiled,
    inputs: Sequence[Array],
    outputs: Sequence[Array],
    scalars: Sequence[float] = (),
) -> None:
    """`kernel(*inputs, *scalars, *outputs)` over blocks of the arrays' first axis."""
    sources = [read(x) for x in inputs]
    numbers = constants(inputs[0].dtype, scalars)
    rows = len(inputs[0])
    grain = parallel.GRAIN * rows // max(inputs[0].size, 1)

    def task(block: slice) -> None:
        kernel(*[x[block] for x in sources], *numbers, *[y[block] for y in outputs])

    parallel.each(parallel.blocks(rows, max(grain, 1)), task)


def periodic(
    kernel: Compiled,
    inputs: Sequence[Array],
    period: int,
    parameters: Sequence[Array] = (),
    outputs: int = 0,
    sums: int = 0,
) -> tuple[list[Array], Array]:
    """`kernel(*inputs, *parameters, *outputs, *sums)` where parameters repeat along flat inputs.

    Element i of an input meets element i % period of each parameter (period,), and adds to element
    i % period of each sum. What a kernel is given as parameters and sums is repeated, to WIDTH
    elements or more, so that its inner loop is long where a period is short. Sums are taken in
    float64, in which the sum over a large batch keeps float32's digits: per block, then over blocks
    in order.

    Returns:
        New arrays of the first input's shape and dtype, and the sums, float64 (sums, period).
    """
    like = inputs[0]
    repeats = max(-(-min(WIDTH, like.size) // period), 1)
    width = repeats * period
    tiles = [flat(np.broadcast_to(p, (repeats, period))) for p in parameters]  # (width,)
    results = [memory.empty(like.shape, like.dtype) for _ in range(outputs)]
    sources, targets = [flat(x) for x in inputs], [y.reshape(-1) for y in results]
    # With four periods to a block, the blocks' sums take less memory than the inputs.
    grain = max(parallel.GRAIN, 4 * width if sums else width)
    blocks = parallel.blocks(like.size, grain, multiple=width)
    partial = np.zeros((max(len(blocks), 1), sums, width))

    def task(numbered: tuple[int, slice]) -> None:
        number, block = numbered
        kernel(*[x[block] for x in sources], *tiles, *[y[block] for y in targets], *partial[number])

    parallel.each(list(enumerate(blocks)), task)
    total = parallel.add_in_order(partial).reshape(sums, repeats, period)
    return results, np.add.reduce(total, axis=1)  # (sums, period)
