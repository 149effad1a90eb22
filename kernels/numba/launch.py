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

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..ops import Array
from . import memory, parallel, team
from .calls import block_entry, held, task_entry
from .jit import compiled

Compiled = Callable[..., None]

RUN = 2048
"""Numbers of a sum that are summed up before the next ones."""

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


LANES = 16
"""Numbers of the longest vectors. A loop that ends within one takes what is left number by number:
of a function as long as tanh two of them take a third of the time of the 256 before."""


def repeats(period: int, size: int = WIDTH) -> int:
    """How often a period is to be repeated, for loops over it: `size` elements, or all of WIDTH."""
    number = max(-(-min(WIDTH, size) // period), 1)
    whole = LANES // math.gcd(period, LANES)
    return -(-number // whole) * whole if period < LANES else number


@functools.cache
def on_blocks(kernel: Compiled) -> Compiled:
    """A compiled function that calls a kernel for each block, on all threads; see `block_entry`."""

    @compiled()
    def run(
        cells: Array,
        threads: int,
        edges: Array,
        inputs: Any,
        whole: Any,
        outputs: Any,
        rows: Any,
    ) -> None:
        arguments = (edges, inputs, whole, outputs, rows)
        team.perform(
            cells, threads, block_entry(kernel, arguments), held(arguments), edges.size - 1
        )

    return run


@functools.cache
def on_items(task: Compiled) -> Compiled:
    """A compiled function that calls a task for each item, on all threads; see `calls.py`."""

    @compiled()
    def run(cells: Array, threads: int, count: int, arguments: Any) -> None:
        team.perform(cells, threads, task_entry(task, arguments), held(arguments), count)

    return run


def each(task: Compiled, count: int, *arguments: Any, seats: int | None = None) -> None:
    """`task(item, seat, *arguments)` for each item below `count`, in any order, on all threads.

    Tasks must not write to the same memory, but those in one seat, which run one after the other.
    Seats are below `seats`, or if need be below `parallel.threads()`.
    """
    threads = seats or parallel.threads()
    on_items(task)(team.cells(threads), threads, count, arguments)


def blocks(
    kernel: Compiled,
    edges: Array,
    inputs: Iterable[Array],
    whole: Iterable[Any],
    *outputs: Array,
    rows: Iterable[Array] = (),
) -> None:
    """`kernel(*inputs, *whole, *outputs, *rows)` for each block, on all threads.

    Block b is the part from edges[b] to edges[b + 1] of each input and output, along their first
    axis. It is given row b of each of the `rows`, and what is `whole`.
    """
    threads = parallel.threads()
    groups = tuple(inputs), tuple(whole), outputs, tuple(rows)
    on_blocks(kernel)(team.cells(threads), threads, edges, *groups)


def elementwise(
    kernel: Compiled, inputs: Sequence[Array], scalars: Sequence[float] = (), outputs: int = 1
) -> list[Array]:
    """`kernel(*inputs, *scalars, *outputs)` over flat blocks of equally shaped arrays.

    Returns:
        New arrays of the first input's shape and dtype.
    """
    like = inputs[0]
    results = [memory.empty(like.shape, like.dtype) for _ in range(outputs)]
    sources, numbers = map(flat, inputs), constants(like.dtype, scalars)
    edges = parallel.edges(like.size, parallel.GRAIN, multiple=16)
    blocks(kernel, edges, sources, numbers, *[y.reshape(-1) for y in results])
    return results


def rowwise(
    kernel: Compiled,
    inputs: Sequence[Array],
    outputs: Sequence[Array],
    scalars: Sequence[float] = (),
) -> None:
    """`kernel(*inputs, *scalars, *outputs)` over blocks of the arrays' first axis."""
    rows = len(inputs[0])
    edges = parallel.edges(rows, max(parallel.GRAIN * rows // max(inputs[0].size, 1), 1))
    blocks(kernel, edges, map(read, inputs), constants(inputs[0].dtype, scalars), *outputs)


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
    number = repeats(period, like.size)
    width = number * period
    tiles = [read(np.concatenate([p] * number)) for p in parameters]  # (width,)
    results = [memory.empty(like.shape, like.dtype) for _ in range(outputs)]
    # With four periods to a block, the blocks' sums take less memory than the inputs.
    grain = max(parallel.GRAIN, 4 * width if sums else width)
    edges = parallel.edges(like.size, grain, multiple=width)
    partial = np.zeros((sums, max(len(edges) - 1, 1), width))
    targets = [y.reshape(-1) for y in results]
    blocks(kernel, edges, map(flat, inputs), tiles, *targets, rows=partial)
    total = np.add.reduce(partial, axis=1).reshape(sums, number, period)
    return results, np.add.reduce(total, axis=1)  # (sums, period)


def room_for_parts(count: int, size: int, dtype: np.dtype[Any], out: Array | None) -> Array:
    """Memory (B, size) for the parts of a sum: of a single one, that of the sum if it is there."""
    if out is not None and count == 1:
        return out.reshape(1, size)
    return memory.empty((count, size), dtype)


def add_in_order(partial: Array, out: Array | None = None) -> Array:
    """Sum over the first axis of (B, ...), in the order of the blocks that made its parts.

    The sum of several is written to `out`; a single part is the sum, see `room_for_parts`.
    """
    parts = read(partial).reshape(len(partial), -1)
    if len(parts) == 1:
        return partial.reshape(partial.shape[1:])
    total = memory.empty(partial.shape[1:], partial.dtype) if out is None else out
    edges = parallel.edges(total.size, parallel.GRAIN // len(parts), multiple=16)
    each(_add_parts, len(edges) - 1, edges, parts, total.reshape(-1))
    return total


@compiled()
def _add_parts(block: int, _: int, edges: Array, parts: Array, total: Array) -> None:
    """A run at a time, which stays in the first cache."""
    for start in range(edges[block], edges[block + 1], RUN):
        run = total[start : min(start + RUN, edges[block + 1])]
        for i in range(run.size):
            run[i] = parts[0, start + i]
        for b in range(1, len(parts)):
            part = parts[b, start : start + run.size]
            for i in range(run.size):
                run[i] += part[i]
