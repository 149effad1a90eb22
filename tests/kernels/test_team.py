"""The threads that help: in machine code and in Python, by turns, in any number, and not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest

from nnscratch.kernels import resolve
from nnscratch.kernels.geometry import Window
from nnscratch.kernels.numba import launch, parallel, team
from nnscratch.kernels.numba.jit import compiled
from nnscratch.kernels.ops import Array


@pytest.fixture(autouse=True)
def three_threads() -> Iterator[None]:
    before = parallel.threads()
    parallel.set_threads(3)
    yield
    parallel.set_threads(before)


@compiled()
def count(item: int, seat: int, counts: Array, seats: Array, inside: Array) -> None:
    counts[item] += 1
    seats[item] = seat
    inside[seat] += 1
    for _ in range(1000):
        seats[item] = seat


@compiled()
def fail(item: int, seat: int, at: int) -> None:
    if item == at:
        raise MemoryError


@compiled()
def linger(item: int, seat: int, done: Array) -> None:
    """A helper is still at work long after the caller has found no more to do."""
    steps = 10_000 if seat == 0 else 3_000_000
    for step in range(1, steps + 1):
        done[item] = step // steps


@compiled()
def add_rows(x: Array, number: float, y: Array, sums: Array) -> None:
    for row in range(len(y)):
        sums[0] += 1
        for i in range(y.shape[1]):
            y[row, i] = x[row, i] + number
            sums[1] += x[row, i]


def counted(items: int, seats: int | None = None) -> tuple[Array, Array]:
    counts, places = np.zeros(items, np.int64), np.zeros(items, np.int64)
    launch.each(count, items, counts, places, np.zeros(64, np.int64), seats=seats)
    return counts, places


@pytest.mark.parametrize("items", [0, 1, 2, 7, 1000])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_each_item_is_done_once(items: int, threads: int) -> None:
    parallel.set_threads(threads)
    for _ in range(50):
        counts, seats = counted(items)
        assert (counts == 1).all()
        assert ((seats >= 0) & (seats < threads)).all()


def test_there_are_no_more_seats_than_were_made() -> None:
    counted(1000)  # there are two helpers now
    for _ in range(200):
        assert counted(300, seats=2)[1].max() <= 1


def test_a_seat_is_given_once_whoever_else_looks_in() -> None:
    cells = np.zeros(8 * team.CELLS, np.int64)
    assert team.take(cells)
    assert not team.take(cells)
    cells[team.INSIDE] = 1  # a helper that saw the job before, and is about to leave
    team.announce(cells, 2, 0, 0, 0)
    assert [team.attend(cells, 0) for _ in range(3)] == [1, 1, 0]
    assert cells[team.SEATED] >= 3
    assert cells[team.INSIDE] == 3


def test_who_is_interrupted_leaves_the_team(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(cells: Array) -> None:
        close(cells)
        raise KeyboardInterrupt

    close = team.close
    with monkeypatch.context() as patch:
        patch.setattr(team, "close", interrupted)
        with pytest.raises(KeyboardInterrupt):
            parallel.each(range(9), lambda _: None)
    jobs = team.jobs()
    parallel.each(range(9), lambda _: None)
    assert team.jobs() == jobs + 1


def test_the_team_is_free_again_after_an_error() -> None:
    def refuse(item: int) -> None:
        raise ValueError(item)

    jobs = team.jobs()
    for _ in range(3):
        with pytest.raises(ValueError, match=r"\d"):
            parallel.each(range(9), refuse)
    assert team.jobs() == jobs + 3


def test_a_job_ends_when_every_helper_has() -> None:
    counted(1000)  # the helpers are awake
    for _ in range(20):
        done = np.zeros(40, np.int64)
        launch.each(linger, len(done), done)
        np.testing.assert_array_equal(done, 1)


def test_an_empty_batch_has_gradients_of_0() -> None:
    x, dy = np.empty((0, 5, 5, 2), np.float32), np.empty((0, 3, 3, 4), np.float32)
    gradient = resolve("numba").conv2d_kernel_gradient(x, dy, Window((3, 3)), 1)
    np.testing.assert_array_equal(gradient, np.zeros((3, 3, 2, 4)))


def test_many_callers_at_once_and_tasks_in_python_between() -> None:
    wrong: list[object] = []

    def call() -> None:
        for _ in range(100):
            taken: list[int] = []
            parallel.each(range(20), taken.append)
            if sorted(taken) != list(range(20)) or (counted(40)[0] != 1).any():
                wrong.append(taken)

    callers = [threading.Thread(target=call) for _ in range(6)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(timeout=120)
    assert wrong == []


def test_helpers_that_sleep_are_woken() -> None:
    counted(1000)
    deadline = time.monotonic() + 60
    while not team.asleep() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert team.asleep() >= 1
    together = threading.Barrier(3)
    parallel.each(range(3), lambda _: together.wait(timeout=60))


class Cores:
    """A system with cores 0 to 3, of which a call comes from one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, mine: set[int], here: int):
        self.told: dict[int, set[int]] = {}
        monkeypatch.setattr(os, "sched_getaffinity", lambda thread: mine, raising=False)
        monkeypatch.setattr(os, "sched_setaffinity", self.told.__setitem__, raising=False)
        monkeypatch.setattr(team, "libc", lambda: SimpleNamespace(sched_getcpu=lambda: here))


@pytest.mark.parametrize(
    ("mine", "here", "told"),
    [
        ({0, 1, 2, 3}, 2, {0, 1, 3}),
        ({1, 3}, 3, {1}),
        ({1}, 1, {1}),  # there is no other, whatever it was told before
        ({0, 1}, -1, {0, 1}),  # the system does not know
    ],
)
def test_a_thread_is_kept_off_its_callers_core(
    monkeypatch: pytest.MonkeyPatch, mine: set[int], here: int, told: set[int]
) -> None:
    cores = Cores(monkeypatch, mine, here)
    team.keep_off(7)
    assert cores.told == {7: told}


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no such call")
def test_the_system_keeps_a_thread_off() -> None:
    end = threading.Event()
    helper = threading.Thread(target=end.wait, daemon=True)
    helper.start()
    assert helper.native_id is not None
    try:
        team.keep_off(helper.native_id)
        own, cores = os.sched_getaffinity(helper.native_id), os.sched_getaffinity(os.getpid())
        assert own <= cores
        assert len(own) == max(len(cores) - 1, 1)
    finally:
        end.set()


def test_a_system_that_knows_no_cores_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(team, "libc", SimpleNamespace)
    team.keep_off(0)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    team.keep_off(0)


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_who_is_woken_is_told_first_and_woken_in_any_case(
    monkeypatch: pytest.MonkeyPatch, error: type[BaseException] | None
) -> None:
    bell, told = threading.Lock(), list[tuple[int, bool]]()
    bell.acquire()
    own = team.Team()
    own.asleep.append((bell, 7))

    def keep_off(thread: int) -> None:
        told.append((thread, bell.locked()))
        if error is not None:
            raise error

    monkeypatch.setattr(team, "keep_off", keep_off)
    with nullcontext() if error is None else pytest.raises(error):
        own.wake()
    assert told == [(7, True)]
    assert not bell.locked()
    own.wake()  # nobody sleeps
    assert len(told) == 1


@pytest.mark.parametrize("threads", [1, 3])
def test_a_task_that_fails_is_told_of(threads: int) -> None:
    parallel.set_threads(threads)
    with pytest.raises(RuntimeError, match="a task failed"):
        launch.each(fail, 50, 31)
    assert (counted(50)[0] == 1).all()


def test_a_block_has_its_part_of_each_array_and_its_row_of_each_sum() -> None:
    rows, edges = np.arange(24.0).reshape(8, 3), np.array([0, 3, 4, 8])
    y, sums = np.zeros((8, 3)), np.zeros((3, 2))
    launch.blocks(add_rows, edges, [rows], [10.0], y, rows=[sums])
    np.testing.assert_array_equal(y, rows + 10)
    np.testing.assert_array_equal(sums, [[3, 36], [1, 30], [4, 210]])


def test_the_process_ends_while_helpers_look_for_work() -> None:
    program = (
        "import numpy as np\n"
        "from nnscratch.kernels import resolve\n"
        "print(resolve('numba').ops.tanh(np.ones((4, 300_000), np.float32)).shape)\n"
    )
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "(4, 300000)\n", "")
