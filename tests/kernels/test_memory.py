"""Large arrays are leases: nothing that somebody holds is ever written to."""

from __future__ import annotations

import gc
import mmap
import multiprocessing
import threading
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnscratch.kernels import resolve
from nnscratch.kernels.numba import memory
from nnscratch.kernels.ops import Array

FLOAT = np.dtype(np.float32)
LEAST = 1 << 16
"""Of large arrays here: with smaller ones more of them fit into a region."""
LARGE = (LEAST // 4,)


@pytest.fixture(autouse=True)
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[memory.Pool]:
    gc.collect()
    memory._returned.clear()
    fresh = memory.Pool()
    monkeypatch.setattr(memory, "_pool", fresh)
    monkeypatch.setattr(memory, "LEAST", LEAST)
    yield fresh
    gc.collect()
    memory._returned.clear()


def large(value: float = 0.0, times: int = 1) -> Array:
    y = memory.empty((times * LARGE[0],), FLOAT)
    y[:] = value
    return y


def test_what_nobody_holds_is_used_again() -> None:
    y = large()
    place = y.ctypes.data
    del y
    assert large().ctypes.data == place


@pytest.mark.parametrize(
    "part",
    [
        lambda y: y[5:],
        lambda y: y.reshape(4, -1).T[::3, 1],
        lambda y: y.view(np.int32),
        lambda y: memoryview(y),
        lambda y: np.lib.stride_tricks.as_strided(y, (9,), (0,)),
        lambda y: np.asarray(y)[None].base,
    ],
)
def test_what_somebody_holds_a_part_of_stays(part) -> None:
    y = large(7)
    held = part(y)
    before = bytes(held) if isinstance(held, memoryview) else held.tobytes()
    del y
    others = [large(i) for i in range(5)]
    after = bytes(held) if isinstance(held, memoryview) else held.tobytes()
    assert after == before
    del others, held
    assert len({large(i).ctypes.data for i in range(3)}) == 1


def test_an_operations_result_stays_while_others_are_computed() -> None:
    ops = resolve("numba").ops
    x = np.random.default_rng(0).standard_normal((64, 2048)).astype(np.float32)
    row = ops.relu(x, 0.0, np.inf, 0.0)[3]
    expected = row.copy()
    for _ in range(5):
        ops.tanh(x)
    np.testing.assert_array_equal(row, expected)


def test_arrays_are_plain_begin_at_a_page_and_may_be_written_to() -> None:
    for shape in [(3, 70000), (1, 2), (0, 5)]:
        y = memory.empty(shape, FLOAT)
        assert type(y) is np.ndarray
        assert (y.shape, y.dtype, y.flags.c_contiguous, y.flags.writeable) == (
            shape,
            FLOAT,
            True,
            True,
        )
    assert large().ctypes.data % mmap.PAGESIZE == 0
    assert not memory.zeros(LARGE, FLOAT).any()
    large(3)
    assert not memory.zeros(LARGE, FLOAT).any()


def test_what_is_kept_stays_near_what_was_in_use_at_once(pool: memory.Pool) -> None:
    most = memory.REGION
    for times in (100, 500, 200, 900, 300, 100, 400):
        held = [large(times=times) for _ in range(3)]
        most = max(most, 3 * times * LEAST)
        assert pool.held <= (memory.KEPT + 1) * most  # empty regions go; one may be in use
        del held


def test_an_array_takes_the_first_gap_that_is_large_enough() -> None:
    held = [large(times=times) for times in (2, 1, 3, 1, 1)]
    places = [y.ctypes.data for y in held]
    held[0] = held[2] = held[1]
    assert large(times=3).ctypes.data == places[2]
    assert large(times=1).ctypes.data == places[0]


def test_gaps_that_touch_are_one() -> None:
    parts = [large(times=3) for _ in range(4)]
    places = [part.ctypes.data for part in parts]
    del parts[1:3]
    middle = large(times=6)
    assert middle.ctypes.data == places[1]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 7)), max_size=60))
def test_what_is_held_never_overlaps(orders: list[tuple[int, int]]) -> None:
    pool = memory.Pool()
    held: list[Array] = []
    for number, (times, dropped) in enumerate(orders):
        size = times * LEAST
        held.append(memory.Lease(size, np.uint8, pool.take(size)).view(np.ndarray))
        held[-1][:] = number % 256
        if dropped < len(held):
            del held[dropped]
        assert all((y == y[0]).all() for y in held)
    assert len({int(y.ctypes.data) for y in held}) == len(held)
    held.clear()
    pool.release()
    assert (pool.used, pool.held) == (0, 0)


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("after", [False, True])
def test_who_is_interrupted_has_no_place_twice(
    number: int, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [large(times=times) for times in (1, 2, 3, 4)]
    del held
    add, calls = memory.Gaps.add, []

    def interrupted(gaps: memory.Gaps, start: int, end: int) -> None:
        calls.append((start, end))
        if after:
            add(gaps, start, end)
        if len(calls) == number:
            raise KeyboardInterrupt
        if not after:
            add(gaps, start, end)

    with monkeypatch.context() as patch:
        patch.setattr(memory.Gaps, "add", interrupted)
        with pytest.raises(KeyboardInterrupt):
            large(times=40)
    now = [large(i, times) for i, times in enumerate((5, 1, 4, 2, 3, 6, 1, 2))]
    assert all((y == i).all() for i, y in enumerate(now))


def test_tracemalloc_counts_what_is_on_loan() -> None:
    tracemalloc.start()
    try:
        y = large(times=40)
        taken, _ = tracemalloc.get_traced_memory()
        del y
        large()
        left, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 40 * LEAST <= taken <= 41 * LEAST
    assert left <= 2 * LEAST
    assert peak <= 42 * LEAST


def test_what_was_in_use_long_ago_is_forgotten(pool: memory.Pool) -> None:
    held = [large(times=40) for _ in range(10)]
    del held
    for _ in range(10 * memory.MEMORY):
        memory.empty(LARGE, FLOAT)
    assert pool.held <= memory.REGION


def test_threads_never_share_an_array() -> None:
    wrong = []

    def work(number: int) -> None:
        for i in range(300):
            y = large(number + i)
            z = y[::2]
            del y
            if not (z == number + i).all():
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(1000 * n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def _child(queue) -> None:
    queue.put(float(large(5).sum()))


def test_what_a_forked_child_writes_its_parent_does_not_see() -> None:
    y = memory.zeros(LARGE, FLOAT)
    child = multiprocessing.get_context("fork").Process(target=y.fill, args=(1.0,))
    child.start()
    child.join()
    assert child.exitcode == 0
    assert not y.any()


def test_a_forked_child_whose_parent_was_taking_a_buffer(pool: memory.Pool) -> None:
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    with pool.lock:
        child = context.Process(target=_child, args=(queue,))
        child.start()
    assert queue.get(timeout=60) == 5 * LARGE[0]
    child.join()
