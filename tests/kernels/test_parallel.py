from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nnscratch
from nnscratch.kernels.numba import launch, parallel

ROOT = Path(nnscratch.__file__).parents[1]


@pytest.fixture(autouse=True)
def three_threads() -> Iterator[None]:
    before = parallel.threads()
    parallel.set_threads(3)
    yield
    parallel.set_threads(before)


def workers() -> int:
    return sum(thread.name.startswith("nnscratch-") for thread in threading.enumerate())


# -- blocks --------------------------------------------------------------------------------------


@given(st.integers(0, 10**7), st.integers(1, 10**5), st.sampled_from([1, 16, 256, 300]))
@settings(deadline=None)
def test_blocks_follow_each_other_and_are_worth_a_thread(
    length: int, grain: int, multiple: int
) -> None:
    blocks = parallel.blocks(length, grain, multiple)
    edges = [0, *(block.stop for block in blocks)]
    assert [block.start for block in blocks] == edges[:-1]
    assert edges[-1] == length
    assert len(blocks) <= parallel.MOST_BLOCKS
    assert all(block.start % multiple == 0 for block in blocks)
    lengths = [block.stop - block.start for block in blocks]
    assert max(lengths, default=0) - min(lengths[:-1], default=0) <= multiple or len(blocks) == 1
    assert len(blocks) <= 1 or sum(lengths) / len(blocks) >= grain


def test_blocks_are_as_many_as_cores_divide() -> None:
    counts = {len(parallel.blocks(length, 10)) for length in range(1, 2000)}
    assert counts == {1, 2, 4, 8, 16, 32, 64}


@given(st.integers(0, 50), st.integers(0, 1000), st.integers(1, 50))
def test_pieces_are_of_a_size(start: int, stop: int, size: int) -> None:
    pieces = parallel.pieces(slice(start, stop), size)
    assert [i for piece in pieces for i in range(stop)[piece]] == list(range(start, stop))
    assert all(piece.stop - piece.start == size for piece in pieces[:-1])


# -- each ----------------------------------------------------------------------------------------


def test_each_item_is_taken_once() -> None:
    taken: list[int] = []
    parallel.each(range(1000), taken.append)
    assert sorted(taken) == list(range(1000))


def test_threads_work_at_the_same_time() -> None:
    together = threading.Barrier(3)
    parallel.each(range(3), lambda _: together.wait(timeout=60))


def test_one_item_stays_in_the_calling_thread() -> None:
    where: list[threading.Thread] = []
    parallel.each([0], lambda _: where.append(threading.current_thread()))
    assert where == [threading.current_thread()]


def test_one_thread_stays_in_the_calling_thread() -> None:
    parallel.set_threads(1)
    where: set[threading.Thread] = set()
    parallel.each(range(8), lambda _: where.add(threading.current_thread()))
    assert where == {threading.current_thread()}


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_reaches_the_caller_and_leaves_the_pool_alive(threads: int) -> None:
    parallel.set_threads(threads)

    def fail(item: int) -> None:
        if item == 5:
            raise KeyError("five")

    with pytest.raises(KeyError, match="five"):
        parallel.each(range(50), fail)
    test_each_item_is_taken_once()


def test_a_call_ends_when_every_task_has() -> None:
    caller = threading.current_thread()
    begun = threading.Event()
    ended: list[int] = []

    def work(item: int, error: bool) -> None:
        if threading.current_thread() is caller:
            begun.wait(timeout=60)
            if error:
                raise ValueError("fast")
        else:
            begun.set()
            time.sleep(0.05)
        ended.append(item)

    parallel.each([0, 1], lambda item: work(item, error=False))
    assert sorted(ended) == [0, 1]
    begun.clear()
    ended.clear()
    with pytest.raises(ValueError, match="fast"):
        parallel.each([0, 1], lambda item: work(item, error=True))
    assert len(ended) == 1


def test_tasks_may_call_each_themselves() -> None:
    taken: list[tuple[int, int]] = []

    def outer(i: int) -> None:
        parallel.each(range(20), lambda j: taken.append((i, j)))

    parallel.each(range(20), outer)
    assert sorted(taken) == [(i, j) for i in range(20) for j in range(20)]


def test_eight_callers_share_the_workers_of_one() -> None:
    results: list[list[int]] = [[] for _ in range(8)]
    start = threading.Barrier(8)

    def call(number: int) -> None:
        start.wait(timeout=60)
        for _ in range(20):
            parallel.each(range(50), results[number].append)

    callers = [threading.Thread(target=call, args=(number,)) for number in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(timeout=60)
    assert all(sorted(result) == sorted([*range(50)] * 20) for result in results)
    assert workers() == 2


def test_nothing_holds_the_arrays_of_a_finished_call() -> None:
    array = np.zeros(10)
    gone = weakref.ref(array)

    def task(item: int, array: np.ndarray = array) -> None:
        array[item] = item

    parallel.each(range(10), task)
    del array, task
    gc.collect()
    assert gone() is None


def test_a_worker_that_comes_too_late_holds_no_arrays() -> None:
    begun, released = threading.Barrier(4), threading.Event()

    def occupy(_: int) -> None:
        begun.wait(timeout=60)
        released.wait(timeout=60)

    other = threading.Thread(target=parallel.each, args=(range(3), occupy))
    other.start()
    begun.wait(timeout=60)  # both workers are busy now
    test_nothing_holds_the_arrays_of_a_finished_call()
    released.set()
    other.join(timeout=60)


def test_partial_sums_are_added_in_order() -> None:
    partial = np.array([1e8, 1, -1e8, 1], np.float32)[:, None] * np.ones(200_000, np.float32)
    total = launch.add_in_order(partial)
    np.testing.assert_array_equal(total, np.float32(1))  # 1e8 + 1 is 1e8 in float32


def test_scratch_memory_is_used_again_but_not_shared() -> None:
    first = parallel.scratch((3, 5), np.dtype(np.float32))
    second = parallel.scratch((2, 2), np.dtype(np.float64))
    assert (first.shape, second.shape) == ((3, 5), (2, 2))
    assert np.shares_memory(first, second)
    elsewhere: list[np.ndarray] = []
    other = threading.Thread(
        target=lambda: elsewhere.append(parallel.scratch((3, 5), np.dtype(np.float32)))
    )
    other.start()
    other.join()
    assert not np.shares_memory(first, elsewhere[0])


# -- the number of threads -------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["0", "-1", "two", "", "1.5"])
def test_a_bad_environment_variable_is_named(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNSCRATCH_THREADS", text)
    with pytest.raises(ValueError, match="NNSCRATCH_THREADS: expected a positive integer, got"):
        parallel.default_threads()


def test_the_environment_variable_sets_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNSCRATCH_THREADS", "7")
    assert parallel.default_threads() == 7
    monkeypatch.delenv("NNSCRATCH_THREADS")
    assert parallel.default_threads() >= 1


@pytest.mark.parametrize("number", [0, -2, 1.5])
def test_a_bad_number_of_threads_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="set_threads: expected a positive integer, got"):
        parallel.set_threads(number)


# -- fork ------------------------------------------------------------------------------------------

FORK = """
import os, signal, threading
import numpy as np
from nnscratch.kernels import resolve
from nnscratch.kernels.geometry import Window
from nnscratch.kernels.numba import set_threads

signal.alarm(240)  # hanging is failing
set_threads(3)
k = resolve("numba").ops
rng = np.random.default_rng(0)
x, kernel = rng.normal(size=(4, 64, 64, 16)), rng.normal(size=(3, 3, 16, 32))

def results():
    return k.conv2d(x, kernel, Window((3, 3)), 1).tobytes() + k.elu(x, 1.0).tobytes()

before = results()
child = os.fork()
if child == 0:
    signal.alarm(240)
    same = results() == before
    workers = sum(thread.name.startswith("nnscratch-") for thread in threading.enumerate())
    os._exit(0 if same and workers == 2 else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert results() == before
print("same bits")
"""


def test_a_forked_child_has_a_pool_of_its_own() -> None:
    run = subprocess.run(
        [sys.executable, "-c", FORK], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.stdout == "same bits\n", run.stderr
