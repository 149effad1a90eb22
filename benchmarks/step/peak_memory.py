"""How much memory training takes, in a process of its own.

    python -m benchmarks.step.peak_memory SIDE NETWORK OPTIMIZER THREADS BACKEND

prints the bytes by which the process grew at most above idle; on a GPU, if the backend is one's.
Idle is: libraries are loaded, a small batch has been trained on another network of the kind, so
that the kernels are there too, and that network is gone. So everything that belongs to training
counts: rows, weights, what the optimizer keeps, and what a step needs in between.
"""

from __future__ import annotations

import sys
from functools import partial
from importlib import import_module

from benchmarks import process
from benchmarks.host import Host
from benchmarks.place import Place, place
from benchmarks.step.course import OURS, course
from nnscratch.kernels.numba import parallel

STEPS = 3
SMALL = 2
"""Rows of the batch before: batch norm wants two."""


def measured(side: str, name: str, optimizer: str, threads: int, backend: str = "numba") -> int:
    """Bytes above idle, from a new process."""
    words = [side, name, optimizer, str(threads), backend]
    return int(process.number(["-m", __name__, *words]))


def grown(side: str, name: str, optimizer: str, on: Place | None = None) -> int:
    """Bytes by which this process grows while it trains."""
    on = on or Host()
    there = partial(course, backend=on.backend, device=on.torch_device)
    there(side, name, optimizer, steps=1, batch=SMALL)()
    idle = on.idle()
    train = there(side, name, optimizer, STEPS)
    train()
    return on.most() - idle


def main() -> None:
    """Measure what the command line names."""
    side, name, optimizer, threads, backend = sys.argv[1:]
    parallel.set_threads(int(threads))
    on = place(backend)
    if side != OURS:
        on.ready(import_module("torch"))
    print(grown(side, name, optimizer, on))


if __name__ == "__main__":
    main()
