"""What looking costs: training with a Recorder against bare training.

`fit` without a recorder and with one take turns, a few steps at a time, so that whatever else the
machine does meets both; the ratio is the median over the turns. A third `fit` looks closer at every
step, which tells what a look costs; a recorder takes one at every 50th step.

Where a step takes 5 ms or more recording should cost 5 % or less. Below that what counts is the
time for each array. Statistics cannot take less time than reading what they are of: how much of a
step that is, where nothing of it is left in a cache, stands beside them.
"""

from __future__ import annotations

import argparse
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

import nnscratch as nn
from benchmarks import options
from benchmarks.nets import SUBJECTS, Subject
from benchmarks.report import Body
from nnscratch.kernels.numba import threads

SECONDS = 0.25
"""How long a turn of bare training should take."""
TURNS = 15
EVERY = 50
"""The steps from one closer look to the next, by default."""
READ = 1 << 27
"""Bytes that are read to measure the memory's bandwidth: more than caches hold."""
LIMIT, LONG = 0.05, 0.005
"""The largest share that recording may cost of a step, of so many seconds or more."""


class Cost(NamedTuple):
    """What recording costs in one network."""

    step: float
    """Seconds of a bare step: the mean of the fastest turn."""
    arrays: int
    """How many arrays a step has: outputs and their gradients; weights, gradients and updates."""
    read: int
    """The bytes of these arrays."""
    reading: float
    """Part of a step's time, for reading them from the main memory."""
    statistics: float
    """Part of a step's time, for the statistics of every step."""
    looks: float
    """Part of a step's time, for a closer look at every 50th."""

    @property
    def share(self) -> float:
        """Part of a step's time, for all."""
        return self.statistics + self.looks

    @property
    def per_array(self) -> float:
        """Seconds for the statistics of one array."""
        return self.statistics * self.step / self.arrays

    @property
    def holds(self) -> bool:
        """Whether it is little enough, where that can be said."""
        return self.step < LONG or self.share <= LIMIT

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        derived = {"share": self.share, "per_array": self.per_array, "holds": self.holds}
        return self._asdict() | derived


class Sizes(nn.Callback):
    """Adds up the bytes of what a recorder measures."""

    def __init__(self) -> None:
        self.bytes = 0

    def on_forward(self, call: nn.Call) -> None:
        """An output."""
        self.bytes += call.output.nbytes

    def on_backward(self, call: nn.Call) -> None:
        """The gradient of an output."""
        self.bytes += call.output_gradient.nbytes

    def on_step(self, step: nn.Step) -> None:
        """Weights, gradients and updates."""
        self.bytes += 3 * step.before.buffer.nbytes


def bytes_of(subject: Subject, backend: str) -> int:
    """The bytes that a recorder reads in one step."""
    sizes = Sizes()
    x, y = subject.rows(1)
    subject.build(backend).fit(x, y, subject.batch, verbose=0, callbacks=sizes)
    return sizes.bytes


def bandwidth(times: int = 10) -> float:
    """Bytes a second that this machine reads from its memory, on all threads."""
    numbers = np.ones(READ // 4, np.float32)
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        with ThreadPoolExecutor(threads()) as pool:
            list(pool.map(np.max, np.array_split(numbers, threads())))
        seconds.append(time.perf_counter() - start)
    return READ / min(seconds)


class Course:
    """A network that is trained step by step, with a recorder or without."""

    def __init__(self, subject: Subject, backend: str, recorder: nn.Recorder | None = None):
        self.subject = subject
        self.model = subject.build(backend)
        self.recorder = recorder

    def seconds(self, steps: int) -> float:
        """For one of so many steps."""
        x, y = self.subject.rows(steps)
        callbacks = [self.recorder] if self.recorder else []
        start = time.perf_counter()
        self.model.fit(x, y, self.subject.batch, verbose=0, callbacks=callbacks)
        return (time.perf_counter() - start) / steps


def measure(
    subject: Subject, backend: str, speed: float, turns: int = TURNS, seconds: float = SECONDS
) -> Cost:
    """Train a network by turns: bare, with statistics, and with a look at every step.

    Speed: bytes a second that the memory is read at.
    """
    read = bytes_of(subject, backend)
    recorder = nn.Recorder(every=None)
    courses = [
        Course(subject, backend),
        Course(subject, backend, recorder),
        Course(subject, backend, nn.Recorder(every=1)),
    ]
    for course in courses:
        course.seconds(2)  # compiles the kernels
    steps = max(2, round(seconds / courses[0].seconds(2)))
    times: dict[Course, list[float]] = {course: [] for course in courses}
    for turn in range(turns):
        first = turn % len(courses)
        for course in courses[first:] + courses[:first]:
            times[course].append(course.seconds(steps))
    bare, recorded, looked = times.values()
    return Cost(
        step=min(bare),
        read=read,
        reading=read / speed / min(bare),
        arrays=2 * len(recorder.calls) + 3 * len(recorder.weights),
        statistics=statistics.median(r / b for b, r in zip(bare, recorded, strict=True)) - 1,
        looks=statistics.median(
            (look - record) / b for b, record, look in zip(bare, recorded, looked, strict=True)
        )
        / EVERY,
    )


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    options.backend(parser)


def run(arguments: argparse.Namespace) -> Body:
    """Measure every network, print the table, and return it."""
    backend = arguments.backend
    print(f"training with nn.Recorder() against bare training, backend {backend}\n")
    speed = bandwidth()
    headings = ("step", "reading", "statistics", "looks", "arrays", "each")
    print(f"{'network':<24}{{:>10}}{{:>9}}{{:>12}}{{:>7}}{{:>8}}{{:>8}}".format(*headings))
    costs = {}
    for name, subject in SUBJECTS.items():
        cost = costs[name] = measure(subject, backend, speed)
        print(
            f"{name:<24}{1e3 * cost.step:>7.2f} ms{cost.reading:>9.1%}{cost.statistics:>12.1%}"
            f"{cost.looks:>7.1%}{cost.arrays:>8}{1e6 * cost.per_array:>5.0f} us"
            f"{'' if cost.holds else '   over 5 %'}"
        )
    print(f"\nmemory read at {speed / 1e9:.1f} GB/s")
    return {
        "backend": backend,
        "bandwidth": speed,
        "results": {name: cost.as_json() for name, cost in costs.items()},
    }
