"""Large arrays are leases: nothing that somebody holds is ever written to."""

from __future__ import annotations

import gc
import multiprocessing
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from nnscratch.kernels import resolve
from nnscratch.kernels.numba import memory
from nnscratch.kernels.ops import Array

FLOAT = np.dtype(np.float32)
LARGE = (memory.LEAST // 4,)


@pytest.fixture(autouse=True)
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[memory.Pool]:
    gc.collect()
    memory._returned.clear()
    fresh = memory.Pool()
    monkeypatch.setattr(memory, "_pool", fresh)
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


def test_arrays_are_plain_begin_at_a_cache_line_and_may_be_written_to() -> None:
    for shape in [(3, 70000), (1, 2), (0, 5)]:
        y = memory.empty(shape, FLOAT)
        assert type(y) is np.ndarray
        assert (y.shape, y.dtype, y.flags.c_contiguous, y.flags.writeable) == (
            shape,
            FLOAT,
            True,
            True,
        )
    assert large().ctypes.data % memory.LINE == 0
    assert not memory.zeros(LARGE, FLOAT).any()
    large(3)
    assert not memory.zeros(LARGE, FLOAT).any()


def test_no_more_is_kept_than_half_of_what_was_in_use_at_once(pool: memory.Pool) -> None:
    most = 0
    for times in (1, 5, 2, 9, 3, 1, 4):
        held = [large(times=times) for _ in range(3)]
        most = max(most, 3 * times * memory.LEAST)
        assert pool.used + pool.spare <= memory.KEPT * most
        del held


def test_a_buffer_serves_arrays_that_are_not_much_smaller(pool: memory.Pool) -> None:
    y = large(times=8)
    place = y.ctypes.data
    del y
    assert large(times=5).ctypes.data == place
    assert large(times=3).ctypes.data != place


def test_what_was_in_use_long_ago_is_forgotten(pool: memory.Pool) -> None:
    held = [large(times=4) for _ in range(10)]
    del held
    for _ in range(10 * memory.MEMORY):
        memory.empty(LARGE, FLOAT)
    assert pool.used + pool.spare <= 2 * memory.LEAST


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


def test_a_forked_child_whose_parent_was_taking_a_buffer(pool: memory.Pool) -> None:
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    with pool.lock:
        child = context.Process(target=_child, args=(queue,))
        child.start()
    assert queue.get(timeout=60) == 5 * LARGE[0]
    child.join()
