from __future__ import annotations

import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnscratch.inspect import aside
from nnscratch.inspect.aside import MOST, Errands

ROOT = Path(__file__).parents[2]


def deliver(errands: Errands) -> None:
    for outcome in errands.wait():
        outcome.deliver()


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """An assistant that is at work until the event is set."""
    monkeypatch.setattr(aside, "_assistant", aside.Assistant())
    begun, finish = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        assert finish.wait(timeout=60)

    Errands().give(work, lambda result: None)
    assert begun.wait(timeout=60)
    yield finish
    finish.set()


def test_results_come_in_the_order_of_the_work(busy: threading.Event) -> None:
    errands, results = Errands(), list[int]()
    for number in range(MOST + 3):  # the last three are done here, before the others
        errands.give(partial(int, number), results.append)
    busy.set()
    deliver(errands)
    assert results == list(range(MOST + 3))


def test_who_has_more_than_can_wait_does_it_himself(busy: threading.Event) -> None:
    errands, threads = Errands(), list[int]()
    for _ in range(MOST + 1):
        errands.give(threading.get_ident, threads.append)
    busy.set()
    deliver(errands)
    assert threads[MOST] == threading.get_ident()
    assert set(threads[:MOST]) != {threading.get_ident()}


def fail() -> int:
    raise ZeroDivisionError("oh")


def test_an_error_is_raised_where_its_outcome_is_delivered() -> None:
    errands, results = Errands(), list[int]()
    errands.give(lambda: 1, results.append)
    errands.give(fail, results.append)
    with pytest.raises(ZeroDivisionError, match="oh"):
        deliver(errands)
    assert results == [1]
    errands.give(lambda: 2, results.append)
    deliver(errands)
    assert results == [1, 2]


def test_who_is_interrupted_may_wait_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    errands, results = Errands(), list[int]()
    for number in range(3):
        errands.give(partial(int, number), results.append)
    outcomes, calls = errands._outcomes, list[int]()

    class Interrupted:
        def get(self) -> Any:
            calls.append(1)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return outcomes.get()

    monkeypatch.setattr(errands, "_outcomes", Interrupted())
    with pytest.raises(KeyboardInterrupt):
        deliver(errands)
    deliver(errands)
    assert results == [0, 1, 2]


def test_an_array_is_let_go_once_it_is_measured() -> None:
    array = np.ones(3)
    seen = weakref.ref(array)
    errands, results = Errands(), list[float]()
    errands.give(partial(np.sum, array), results.append)
    del array
    errands.give(lambda: 0.0, results.append)  # by then the thread is through with the first
    deliver(errands)
    assert results == [3, 0]
    assert seen() is None


FORK = """
import os, signal, threading
from nnscratch.inspect.aside import Errands

signal.alarm(60)  # hanging is failing

def threads():
    errands, found = Errands(), []
    errands.give(threading.get_ident, found.append)
    for outcome in errands.wait():
        outcome.deliver()
    return found

before = threads()
child = os.fork()
if child == 0:
    signal.alarm(60)
    os._exit(0 if len(threads()) == 1 else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert threads() == before
print("served")
"""


def test_a_forked_child_has_an_assistant_of_its_own() -> None:
    run = subprocess.run(
        [sys.executable, "-c", FORK], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.stdout == "served\n", run.stderr
