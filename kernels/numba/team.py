"""Team: the threads that help a caller, and how they find out without being woken.

To wake a thread that sleeps takes 50 us and more, in a virtual machine ten times that, which is as
long as most kernels take. So a helper that has nothing to do looks for the next job in a loop of
machine code, without the interpreter's lock, for a millisecond, as the threads of OpenMP do. Only
then it sleeps, until a caller finds it asleep; that job's caller does without it. Linux may wake it
on the caller's own core, where the two would take turns of milliseconds while another core has
nothing to do, so it is told to stay off that core.

A team has one job at a time. A caller who finds it taken, or who is a task of that job, does his
tasks himself: nobody ever waits for a helper to become free.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar

import numpy as np

from ..ops import Array
from .atomic import add, load, pause, replace, store
from .calls import call
from .jit import compiled

Item = TypeVar("Item")

CELLS = 14
"""Numbers that all of a team's threads know."""
TAKEN, OPEN, LAST, LIMIT, INSIDE, SEATED, STOPPED = range(0, 8 * 7, 8)
ENTRY, HELD, COUNT, BEGUN, FRONT, BACK, FAILED = range(8 * 7, 8 * CELLS, 8)
"""Where they are, each in a cache line of its own.

TAKEN: 1 while a caller has the team. OPEN: the number of the job that may be joined, or 0. LAST:
that of the latest job. LIMIT: helpers that a job may have. INSIDE: those that are looking whether
they may join it, or have. SEATED: those that have ever joined it. STOPPED: 1 when all shall end.

Of a job in machine code: ENTRY and HELD, see `calls.py` (of others ENTRY is 0); COUNT: its items;
BEGUN: how many of them somebody has begun; FRONT and BACK: how many of these from the first one on,
and how many from the last; FAILED: 1 if one has failed.
"""

LOOKS = 30_000
"""How often a helper looks for a job before it sleeps: for a millisecond or so."""


@compiled()
def take(cells: Array) -> bool:
    """Take the team, if nobody has it."""
    mine: bool = replace(cells, TAKEN, 0, 1)
    return mine


@compiled()
def announce(cells: Array, helpers: int, entry: int, held: int, count: int) -> None:
    """Open a job for so many helpers."""
    store(cells, LIMIT, helpers)
    store(cells, ENTRY, entry)
    store(cells, HELD, held)
    store(cells, COUNT, count)
    store(cells, BEGUN, 0)
    store(cells, FRONT, 0)
    store(cells, BACK, 0)
    store(cells, SEATED, 0)
    store(cells, FAILED, 0)
    store(cells, OPEN, add(cells, LAST, 1) + 1)


@compiled()
def close(cells: Array) -> None:
    """Let nobody in any more, and wait for those who are."""
    store(cells, OPEN, 0)
    while load(cells, INSIDE) > 0:
        pause()


@compiled()
def release(cells: Array) -> None:
    """Leave the team to others."""
    store(cells, TAKEN, 0)


@compiled()
def stop(cells: Array) -> None:
    """Let all helpers end."""
    store(cells, STOPPED, 1)


@compiled()
def work(cells: Array, seat: int) -> None:
    """Do items of the job until none is left: every other seat from the last one on.

    So of two threads each works on the same half of one call's arrays after another's, which are in
    its own cache: training steps take 0.95 to 0.98 times as long.
    """
    entry, held, count = load(cells, ENTRY), load(cells, HELD), load(cells, COUNT)
    while add(cells, BEGUN, 1) < count:
        item = count - 1 - add(cells, BACK, 1) if seat % 2 else add(cells, FRONT, 1)
        if call(entry, held, item, seat) != 0:
            store(cells, FAILED, 1)


@compiled()
def perform(cells: Array, threads: int, entry: int, held: int, count: int) -> None:
    """Call a task for each item from 0 to `count`, with the team's help if it is to be had.

    Seats are below `threads`, and no two tasks are in one at a time.

    Raises:
        RuntimeError: a task raised something, which only one without memory does.
    """
    failed = False
    if count > 1 and threads > 1 and take(cells):
        announce(cells, threads - 1, entry, held, count)
        work(cells, 0)
        close(cells)
        failed = load(cells, FAILED) != 0
        release(cells)
    else:
        for item in range(count):
            failed |= call(entry, held, item, 0) != 0
    if failed:
        raise RuntimeError("nnscratch: a task failed; there was not enough memory")


@compiled()
def leave(cells: Array) -> None:
    """The helper has done with the job that it joined."""
    add(cells, INSIDE, -1)


@compiled()
def attend(cells: Array, seen: int) -> int:
    """Look for jobs other than the one that was seen last, and join them.

    Those in machine code are done here. Returns when there is another kind, which the helper has
    joined then: its number; 0 if none came for long; -1 if the team has been stopped.

    Whoever joins first says so and then looks whether the job is still open, while who closes it
    says so and then looks who is inside: one of them sees the other.
    """
    looks = 0
    while looks < LOOKS:
        if load(cells, STOPPED) != 0:
            return -1
        job: int = load(cells, OPEN)
        if job != 0 and job != seen:
            seen = job
            add(cells, INSIDE, 1)
            if load(cells, OPEN) == job:
                seat = add(cells, SEATED, 1) + 1
                if seat <= load(cells, LIMIT):
                    if load(cells, ENTRY) == 0:
                        return job
                    work(cells, seat)
                    looks = 0
            leave(cells)
        looks += 1
        pause()
    return 0


@functools.cache
def libc() -> ctypes.PyDLL:
    """The functions of the system."""
    return ctypes.PyDLL(None)


def keep_off(thread: int) -> None:
    """Let a thread, by its number in the system, run on any core of the process but this one.

    If there is another. Where the system knows no such thing, or refuses, it runs where it is put.
    """
    with suppress(OSError, AttributeError):
        cores = os.sched_getaffinity(os.getpid())
        os.sched_setaffinity(thread, cores - {libc().sched_getcpu()} or cores)


class Job(Generic[Item]):
    """Items that several threads work on together until none is left."""

    def __init__(self, items: Sequence[Item], task: Callable[[Item], object]):
        self.task = task
        self.left = iter(list(items))  # taking a list iterator's next item is atomic, by the GIL
        self.error: BaseException | None = None

    def work(self) -> None:
        """Take items until none is left. After an error the rest is passed over."""
        for item in self.left:
            if self.error is None:
                try:
                    self.task(item)
                except BaseException as error:  # not handled here: the caller raises it
                    self.error = error


class Team:
    """A caller's helpers. There are as many as were ever wanted at once."""

    def __init__(self) -> None:
        self.cells = np.zeros(8 * CELLS, np.int64)
        self.job: Job[Any] | None = None
        self.helpers: list[threading.Thread] = []
        self.asleep: deque[tuple[threading.Lock, int]] = deque()
        """The bells of those that sleep, and which threads these are."""
        self.growing = threading.Lock()

    def ready(self, helpers: int) -> Array:
        """The cells, after all are awake who may help."""
        if len(self.helpers) < helpers:
            self.grow(helpers)
        awake = len(self.helpers) - len(self.asleep)
        for _ in range(helpers - awake):
            self.wake()
        return self.cells

    def wake(self) -> None:
        """Wake one that sleeps."""
        try:
            bell, thread = self.asleep.popleft()
        except IndexError:  # another caller has woken it
            return
        try:
            keep_off(thread)
        finally:
            bell.release()

    def work(self, job: Job[Any], helpers: int) -> bool:
        """Work on a job with so many helpers at most; False if they are not to be had.

        The first error of a task is raised after all have ended.
        """
        taken = False
        try:
            taken = take(self.cells)
            if not taken:
                return False
            self.job = job
            announce(self.cells, helpers, 0, 0, 0)
            self.ready(helpers)
            job.work()
        finally:
            if taken:
                self.end()
        if job.error is not None:
            try:
                raise job.error
            finally:
                job.error = None  # its traceback holds this frame: no cycle
        return True

    def end(self) -> None:
        """End the job; who is interrupted while he waits leaves the team all the same."""
        try:
            close(self.cells)
        finally:
            self.job = None
            release(self.cells)

    def grow(self, helpers: int) -> None:
        """Have so many helpers."""
        with self.growing:
            while len(self.helpers) < helpers:
                name = f"nnscratch-{len(self.helpers) + 1}"
                helper = threading.Thread(target=self.serve, name=name, daemon=True)
                helper.start()
                self.helpers.append(helper)
                if helper.native_id is not None:
                    keep_off(helper.native_id)

    def serve(self) -> None:
        """What a helper does until the team is stopped."""
        bell, seen = threading.Lock(), 0
        bell.acquire()
        while seen >= 0:
            seen = attend(self.cells, seen)
            if seen > 0:
                job = self.job
                if job is not None:
                    job.work()
                del job  # with its arrays
                leave(self.cells)
            elif seen == 0:
                self.sleep(bell)

    def sleep(self, bell: threading.Lock) -> None:
        """Wait for the bell, unless there is news from when nobody was asleep yet."""
        me = bell, threading.get_native_id()
        self.asleep.append(me)
        if self.cells[OPEN] or self.cells[STOPPED]:
            try:
                return self.asleep.remove(me)
            except ValueError:  # a caller has it, and rings
                pass
        bell.acquire()

    def stop(self) -> None:
        """Let all helpers end, and wait for them: machine code must not run when it is unloaded."""
        stop(self.cells)
        for _ in self.helpers:
            self.wake()
        for helper in self.helpers:
            helper.join(timeout=1)


_team = Team()


def _new_team() -> None:
    """A forked child has none of its parent's threads.

    Whoever waits there for helpers, because a task of his forked, waits for nobody.
    """
    global _team
    _team.cells[INSIDE] = 0
    _team = Team()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_team)
atexit.register(lambda: _team.stop())


def cells(threads: int) -> Array:
    """What `perform` needs in order to work on so many threads, the caller's own included."""
    return _team.ready(threads - 1)


def jobs() -> int:
    """How many jobs the team has had: calls that were shared, or could have been."""
    return int(_team.cells[LAST])


def asleep() -> int:
    """How many helpers sleep."""
    return len(_team.asleep)


def each(items: Sequence[Item], task: Callable[[Item], object], threads: int) -> None:
    """Call `task` for each item, in any order, on up to so many threads; one item: right here.

    Tasks must not depend on each other, nor write to the same memory. The first error of a task is
    raised after all have ended.
    """
    helpers = min(threads, len(items)) - 1
    if helpers < 1 or not _team.work(Job(items, task), helpers):
        for item in items:
            task(item)
