"""Programs one after the other, or several at a time in processes of their own."""

from __future__ import annotations

import functools
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from benchmarks.doctor.program import Program, Which, read
from benchmarks.doctor.row import Row, row
from benchmarks.doctor.training import Trained, train
from benchmarks.doctor.verdict import Verdict, verdict
from nnscratch.kernels.numba import parallel


def outcome(folder: Path, seed: int, budget: float, file: Path) -> Row:
    """Train the twins of a file; what goes wrong becomes an error in the row."""
    try:
        program = read(file)
        fixed = alone_and_watched(folder, program, "fixed", seed, budget)
        if program.buggy is None:
            return row(program, *fixed)
        return row(program, *fixed, *alone_and_watched(folder, program, "buggy", seed, budget))
    except Exception as error:  # the folder's code and programs may raise whatever they like
        first = str(error).partition("\n")[0]
        return Row(file.stem, error=f"{type(error).__name__}: {first}")


def alone_and_watched(
    folder: Path, program: Program, which: Which, seed: int, budget: float = 0.0
) -> tuple[Trained, Verdict]:
    """Train a twin twice: without the doctor and with it, which then tries fixes."""
    alone = train(folder, program, which, seed)
    return alone, verdict(folder, program, which, seed, alone, budget)


def outcomes(
    folder: Path, files: Sequence[Path], seed: int, jobs: int, budget: float = 0.0
) -> Iterator[Row]:
    """The row of each file in turn, from so many processes; of one job from this process.

    Every job has one thread.
    """
    work = functools.partial(outcome, folder, seed, budget)
    if jobs > 1:
        yield from in_processes(work, files, jobs)
        return
    parallel.set_threads(1)
    yield from map(work, files)


def in_processes(work: Callable[[Path], Row], files: Sequence[Path], jobs: int) -> Iterator[Row]:
    """As `map`, in new processes, which end with the caller's interest.

    A process that dies breaks all that is not done: each of those rows says so.
    """
    before = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _begin) as pool:
        futures = {file: pool.submit(work, file) for file in files}
        try:
            for file, future in futures.items():
                try:
                    yield future.result()
                except BrokenProcessPool as error:
                    yield Row(file.stem, error=f"its process, or another one, died: {error}")
        except BaseException:  # Ctrl-C, or nobody wants the other rows
            pool.shutdown(wait=False, cancel_futures=True)
            for child in set(multiprocessing.active_children()) - before:
                child.terminate()
            raise


def _begin() -> None:
    """In a new process: one thread, and Ctrl-C ends it at once."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    parallel.set_threads(1)
