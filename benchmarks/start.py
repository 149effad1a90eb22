"""Starting: the import, and a process's first training step with and without compiled kernels.

Each in new processes, of the import and of warm steps the median. A first step includes the
import, building a LeNet and its data. "Cold" is the very first process, whose folder for compiled
kernels is empty; "warm" are those that come after it. Python's own bytecode is there in all cases.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from pathlib import Path

from benchmarks import process
from benchmarks.options import positive
from benchmarks.report import Body, screen, shown

TIMES = 5
DONT_WRITE = "PYTHONDONTWRITEBYTECODE"
"""An environment variable: where it is set, every process compiles every module anew."""

IMPORT = """
import time
start = time.perf_counter()
import nnscratch
print(time.perf_counter() - start)
"""

STEP = """
import time
start = time.perf_counter()
import nnscratch
from benchmarks.nets import SUBJECTS
subject = SUBJECTS["LeNet"]
x, y = subject.rows(1)
subject.build("numba").fit(x, y, subject.batch, verbose=0)
print(time.perf_counter() - start)
"""

EVERYTHING = """
import benchmarks.nets
from nnscratch.kernels import resolve
resolve("numba")
print(0)
"""
"""Imports what a step needs, and compiles no kernel."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--times", type=positive, default=TIMES, metavar="N", help=f"(default: {TIMES})"
    )


def run(arguments: argparse.Namespace) -> Body:
    """Measure, print the table, and return it."""
    with tempfile.TemporaryDirectory() as folder, screen(2 * arguments.times + 2) as out:

        def seconds(what: str, script: str) -> float:
            out.begin(what)
            measured = in_new_process(script, Path(folder))
            out.end()
            return measured

        seconds("bytecode", EVERYTHING)
        imports = [seconds("import", IMPORT) for _ in range(arguments.times)]
        cold = seconds("cold first step", STEP)
        warm = [seconds("warm first step", STEP) for _ in range(arguments.times)]
    summary: dict[str, float | None] = {
        "import_s": statistics.median(imports),
        "cold_first_step_s": cold,
        "warm_first_step_s": statistics.median(warm),
    }
    print("seconds in a new process; a first step includes the import")
    print(shown(summary))
    return {"summary": summary}


def in_new_process(script: str, folder: Path) -> float:
    """What a script prints; it keeps kernels and bytecode in the folder."""
    environment = {key: value for key, value in os.environ.items() if key != DONT_WRITE}
    environment["NNSCRATCH_CACHE_DIR"] = str(folder / "kernels")
    environment["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    return process.number(["-c", script], environment)
