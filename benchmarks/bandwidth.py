"""What share of the memory's bandwidth the operations beside convolution reach.

They do little with each number, so no kernel can be faster than memory brings what it reads and
takes what it writes. That time is worked out from the bytes of an operation's arrays, each taken
once, and from what reading and copying with NumPy cost in the same run: a yardstick that some
operations surpass. The arrays are larger than caches.

With --backend cupy all of it is on a GPU, between the device's events, and the yardstick is the
device's own copy of a GiB: half of its time is reading, half is writing.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from benchmarks import options
from benchmarks.gpu import Gpu
from benchmarks.gpu_peak import GpuPeak
from benchmarks.place import Place
from benchmarks.report import Body, screen
from benchmarks.timing import Effort, Work, by_turns
from nnscratch.backend import Backend, get_backend
from nnscratch.core.table import Table
from nnscratch.kernels import cost
from nnscratch.kernels.geometry import Window
from nnscratch.kernels.ops import Array, Ops

SHAPE = (96, 64, 64, 64)
"""(N, H, W, C) of the images: 96 MiB of float32, more than caches hold."""
ON_GPU = (512, 64, 64, 64)
"""512 MiB: a GPU reads that in 100 to 500 microseconds."""
HALVES = Window((2, 2), strides=(2, 2))
"""Pooling."""


Shape = tuple[int, int, int, int]


class Memory(NamedTuple):
    """What the memory costs, in seconds for a byte, on all threads."""

    read: float
    write: float

    def seconds(self, read: int, written: int) -> float:
        """The least time for so many bytes."""
        return read * self.read + written * self.write

    @classmethod
    def of(cls, reading: float, copying: float, size: int) -> Memory:
        """From the seconds that it took to read, and to copy, so many bytes.

        To write a byte costs no less than to read it.
        """
        return cls(reading / size, max(copying - reading, reading) / size)

    @classmethod
    def copied(cls, gigabytes: float) -> Memory:
        """From what a copy reads and writes in a second, together."""
        return cls(1e-9 / gigabytes, 1e-9 / gigabytes)


class Subject(NamedTuple):
    """An operation on arrays."""

    name: str
    call: Callable[..., Any]
    arguments: tuple[Any, ...]

    def work(self) -> Any:
        """Do it."""
        return self.call(*self.arguments)

    def traffic(self) -> tuple[int, int]:
        """The bytes that it reads and those that it writes, each once."""
        return cost.traffic(self.arguments, ()), cost.traffic((), self.work())


def subjects(backend: Backend, shape: Shape) -> Iterable[Subject]:
    """Everything that a training step does beside convolutions and matrix products."""
    k, there, rng = backend.k, backend.from_host, np.random.default_rng(0)
    x, dy = (there(rng.standard_normal(shape, dtype=np.float32)) for _ in range(2))
    flat, rows = (x.reshape(-1), dy.reshape(-1)), x.reshape(-1, shape[-1])
    one = there(np.ones(shape[-1], np.float32))
    targets = there(np.eye(shape[-1], dtype=np.float32)[rng.integers(shape[-1], size=len(rows))])
    positive = abs(flat[0])
    part = x[:, : shape[1] // 2, : shape[2] // 2].copy()
    yield from activations(k, x, dy, there(np.full((1, 1, shape[-1]), 0.25, np.float32)))
    yield Subject("softmax", k.softmax, (rows,))
    yield Subject("softmax cross-entropy", k.softmax_cross_entropy, (rows, targets))
    yield from pooling(k, x, part)
    yield from norm(k, x.reshape(-1, shape[-1], 1), dy.reshape(-1, shape[-1], 1), one)
    yield Subject("padding", k.pad, (x, ((1, 1), (1, 1))))
    yield Subject("concatenation", k.concatenate, (-1, x, dy))
    yield Subject("dropout", k.dropout, (x, (0, 1), 0.5))
    yield Subject("bias gradient", k.bias_gradient, (dy,))
    yield Subject("SGD", k.sgd, (flat[0], 0.1))
    yield Subject("momentum", k.momentum, (*flat, 0.1, 0.9, False))
    yield Subject("RMSprop", k.rmsprop, (flat[0], positive, 0.1, 0.9, 1e-7))
    yield Subject("Adagrad", k.adagrad, (flat[0], positive, 0.1, 1e-7))
    yield Subject("Adam", k.adam, (*flat, positive, 0.1, 0.9, 0.999, 1e-7))
    yield Subject("statistics", k.statistics, (x, there(np.array([[0, x.size]])), np.nan, np.nan))


def activations(k: Ops, x: Array, dy: Array, alpha: Array) -> Iterable[Subject]:
    """Forward and backward."""
    yield Subject("ReLU", k.relu, (x, 0.0, np.inf, 0.0))
    yield Subject("ReLU, gradient", k.relu_gradient, (dy, x, 0.0, np.inf, 0.0))
    yield Subject("PReLU", k.prelu, (x, alpha))
    yield Subject("PReLU, gradient", k.prelu_gradient, (dy, x, alpha))
    yield Subject("ELU", k.elu, (x, 1.0))
    yield Subject("ELU, gradient", k.elu_gradient, (dy, x, 1.0))
    yield Subject("sigmoid", k.sigmoid, (x,))
    yield Subject("tanh", k.tanh, (x,))


def pooling(k: Ops, x: Array, dy: Array) -> Iterable[Subject]:
    """Windows of 2x2; dy is as large as what they leave."""
    _, place = k.max_pool2d(x, HALVES)
    image = (x.shape[1], x.shape[2])
    yield Subject("max pooling", k.max_pool2d, (x, HALVES))
    yield Subject("max pooling, gradient", k.max_pool2d_gradient, (dy, place, HALVES, image))
    yield Subject("average pooling", k.average_pool2d, (x, HALVES))
    yield Subject("average pooling, gradient", k.average_pool2d_gradient, (dy, HALVES, image))


def norm(k: Ops, x: Array, dy: Array, one: Array) -> Iterable[Subject]:
    """Batch norm. The gradient reads its arrays twice: that is its half."""
    mean, variance = k.moments(x)
    constants = (mean, variance, one)
    yield Subject("moments", k.moments, (x,))
    yield Subject("batch norm", k.batch_norm, (x, *constants, one, 1e-3))
    yield Subject("batch norm, gradient", k.batch_norm_gradient, (dy, x, *constants, 1e-3))


def ceilings(x: Array) -> Mapping[str, Work]:
    """Reading and copying an array with NumPy, on all threads."""
    count = options.parallel.threads()
    pool = ThreadPoolExecutor(count)
    parts, copies = (np.array_split(array.reshape(-1), count) for array in (x, np.empty_like(x)))
    return {
        "reading": lambda: list(pool.map(np.max, parts)),
        "copying": lambda: list(pool.map(np.copyto, copies, parts)),
    }


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    options.place(parser)
    options.threads(parser)


def run(arguments: argparse.Namespace) -> Body:
    """Measure, print the table, and return it."""
    on = options.placed(arguments)
    shape = ON_GPU if isinstance(on, Gpu) else SHAPE
    with screen() as out:
        out.begin("bandwidth")
        memory, rows = measure(on, shape, Effort(budget=60.0))
        out.end()
    print(table(memory, rows, on))
    ceiling = {"read_gb_s": 1e-9 / memory.read, "write_gb_s": 1e-9 / memory.write}
    return {"machine": {**on.facts, **ceiling}, "rows": rows}


def measure(on: Place, shape: Shape, effort: Effort) -> tuple[Memory, list[dict[str, Any]]]:
    """Time everything by turns with the ceilings; a row for each operation."""
    found = list(subjects(get_backend(on.backend), shape))
    for subject in found:
        subject.work()  # compiles
    works = {subject.name: subject.work for subject in found}
    if isinstance(on, Gpu):
        before = GpuPeak(on).gigabytes()
        times = by_turns(works, effort, on.clock)
        memory = Memory.copied(max(before, GpuPeak(on).gigabytes()))
    else:
        x = np.ones(shape, np.float32)
        times = by_turns({**ceilings(x), **works}, effort, on.clock)
        memory = Memory.of(times["reading"].median, times["copying"].median, x.nbytes)
    rows = []
    for subject in found:
        seconds, (read, written) = times[subject.name].median, subject.traffic()
        rows.append(
            {
                "operation": subject.name,
                "median_ms": 1e3 * seconds,
                "gb_s": 1e-9 * (read + written) / seconds,
                "share": memory.seconds(read, written) / seconds,
            }
        )
    return memory, rows


def table(memory: Memory, rows: Iterable[Mapping[str, Any]], on: Place) -> Table:
    """A row for each operation."""
    read, written = (f"{1e-9 / seconds:.1f} GB/s" for seconds in memory)
    yardstick = (
        f"The GPU's own copy reads and writes {read} together."
        if isinstance(on, Gpu)
        else f"The memory is read at {read} and written at {written} by NumPy's loops, by turns "
        "with the operations: more than 100 % is faster than these."
    )
    return Table(
        "operations beside convolution, and the memory's bandwidth",
        ("operation", "ms", "GB/s", "of the bandwidth"),
        [
            (
                row["operation"],
                f"{row['median_ms']:.2f}",
                f"{row['gb_s']:.1f}",
                f"{100 * row['share']:.0f} %",
            )
            for row in rows
        ],
        notes=(
            yardstick,
            "The gradient of batch norm has to read its arrays twice, which counts as once here.",
        ),
    )
