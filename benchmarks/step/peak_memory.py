"""How much memory training takes, in a process of its own.

    python -m benchmarks.step.peak_memory SIDE NETWORK OPTIMIZER THREADS

prints the bytes by which the process grew at most above idle. Idle is: libraries are loaded, a
small batch has been trained on another network of the kind, so that the kernels are there too, and
that network is gone. So everything that belongs to training counts: rows, weights, what the
optimizer keeps, and what a step needs in between. Linux tells the most that a process ever held,
and lets it start anew.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from importlib import import_module
from pathlib import Path

from benchmarks import process
from benchmarks.report import BenchmarkError
from benchmarks.step.course import OURS, course
from nnscratch.kernels.numba import memory, parallel

STATUS = Path("/proc/self/status")
STEPS = 3
SMALL = 2
"""Rows of the batch before: batch norm wants two."""


def measurable() -> bool:
    """Whether this system tells what a process holds."""
    return STATUS.exists()


def measured(side: str, name: str, optimizer: str, threads: int) -> int:
    """Bytes above idle, from a new process."""
    return int(process.number(["-m", __name__, side, name, optimizer, str(threads)]))


def held(which: str) -> int:
    """Bytes that this process holds ("VmRSS"), or held at most ("VmHWM")."""
    for line in STATUS.read_text().splitlines():
        if line.startswith(f"{which}:"):
            return int(line.split()[1]) << 10
    raise BenchmarkError(f"{STATUS} has no {which}")


def grown(side: str, name: str, optimizer: str) -> int:
    """Bytes by which this process grows while it trains."""
    course(side, name, optimizer, steps=1, batch=SMALL)()
    gc.collect()
    memory.release()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the most it held is from now on what it holds
    idle = held("VmRSS")
    train = course(side, name, optimizer, STEPS)
    train()
    return held("VmHWM") - idle


def main() -> None:
    """Measure what the command line names."""
    side, name, optimizer, threads = sys.argv[1:]
    if side == OURS:
        parallel.set_threads(int(threads))
    else:
        import_module("torch").set_num_threads(int(threads))
    print(grown(side, name, optimizer))


if __name__ == "__main__":
    main()
