"""`python -m pytest --backend NAME`: the whole suite on one backend.

What names no backend takes it (NNSCRATCH_BACKEND), in processes that tests start too, and so does
what takes `tests.backends.BACKEND`. Tests that name one by its own name are about that one, and
keep it. What cannot hold there is marked `host` or `process`, and left out with its reason.
"""

from __future__ import annotations

import functools
import os
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

LEFT_OUT = pytest.StashKey[Counter[str]]()
"""How many tests are left out for which reason."""


def add_options(parser: pytest.Parser) -> None:
    """Of the command line."""
    group = parser.getgroup("nnscratch")
    group.addoption(
        "--backend",
        metavar="NAME",
        help="run everything on it, that is not about another one: numpy, numba, cupy, cupy:1",
    )
    group.addoption(
        "--emulate",
        action="store_true",
        help="with --backend cupy: let tests/cuda/emulator.py stand for the GPU",
    )
    group.addoption(
        "--no-pool",
        action="store_true",
        help="give each of CuPy's arrays memory of its own, so that compute-sanitizer sees its end",
    )


def configure(config: pytest.Config) -> None:
    """Do what the options say.

    Raises:
        pytest.UsageError: this machine lacks what they ask for.
    """
    chosen, emulate = config.getoption("--backend"), config.getoption("--emulate")
    if emulate and chosen != "cupy":
        raise pytest.UsageError("--emulate stands for a GPU: give --backend cupy, too")
    if emulate and config.getoption("--no-pool"):
        raise pytest.UsageError("--no-pool is for a GPU; leave --emulate out")
    if chosen is not None:
        choose(chosen, emulate)
    if config.getoption("--no-pool"):
        drop_pool()


def choose(chosen: str, emulate: bool) -> None:
    """Make it the process's backend, before nnscratch and the tests are imported.

    Raises:
        pytest.UsageError: this machine lacks it.
    """
    assert "nnscratch" not in sys.modules, "a conftest.py has imported nnscratch too early"
    os.environ["NNSCRATCH_BACKEND"] = chosen

    from nnscratch.backend import get_backend
    from nnscratch.core.errors import NNError
    from nnscratch.kernels.cupy import device

    if emulate:
        from tests.cuda.emulator import EmulatedDevice

        device._device = EmulatedDevice(orders=["forward"])
    try:
        backend = get_backend(chosen)
    except NNError as error:
        hint = "; --emulate lets a CPU stand for the GPU" if chosen.startswith("cupy") else ""
        raise pytest.UsageError(f"--backend {chosen}: {error}{hint}") from error
    if backend.kind == "cupy":
        fetch_before_comparing()


def drop_pool() -> None:
    """Let each array on the GPU be an allocation of its own.

    CuPy's pool hands out pieces of larger allocations: behind the end of an array, memory that is
    allocated too goes on, and no tool sees who reads there.

    Raises:
        pytest.UsageError: there is no GPU.
    """
    from nnscratch.kernels.cupy.device import DeviceError, open_device

    try:
        open_device().xp.cuda.set_allocator(None)
    except DeviceError as error:
        raise pytest.UsageError(f"--no-pool: {error}") from error


def fetch_before_comparing() -> None:
    """Let NumPy's assertions take a GPU's arrays: here alone they may come to the host unasked."""
    for name in (name for name in dir(np.testing) if name.startswith("assert_")):
        setattr(np.testing, name, fetching(getattr(np.testing, name)))


def fetching(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, given NumPy's arrays for a GPU's."""
    from tests.backends import host  # not before the backend is known

    @functools.wraps(function)
    def fetched(*given: Any, **options: Any) -> Any:
        return function(*map(host, given), **{name: host(one) for name, one in options.items()})

    return fetched


def header(config: pytest.Config) -> list[str]:
    """What is said before the tests."""
    if not config.getoption("--backend"):
        return []
    from nnscratch.backend import get_backend

    backend = get_backend()
    facts = "".join(f", {name} {fact}" for name, fact in backend.facts.items())
    return [f"backend: {backend.name}{facts}"]


def deselect(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot hold on the chosen backend."""
    marks = []
    if str(config.getoption("--backend")).startswith("cupy"):
        marks.append("host")
    if config.getoption("--emulate"):
        marks.append("process")
    reasons = {item: reason for item in items if (reason := why(item, marks))}
    config.stash[LEFT_OUT] = Counter(reasons.values())
    config.hook.pytest_deselected(items=list(reasons))
    items[:] = [item for item in items if item not in reasons]


def why(item: pytest.Item, marks: list[str]) -> str:
    """The reason that the first of those marks gives, if a test has one of them."""
    for name in marks:
        if mark := item.get_closest_marker(name):
            return f"{name}: {mark.args[0]}"
    return ""


def left_out(config: pytest.Config) -> list[str]:
    """What is said after the tests."""
    reasons = config.stash.get(LEFT_OUT, Counter[str]())
    lines = [f"{count:5} {reason}" for reason, count in sorted(reasons.items())]
    return [f"left out with --backend {config.getoption('--backend')}:", *lines] if lines else []
