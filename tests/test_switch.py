"""pytest --backend: the tests of a file, on the backend that is named."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nnscratch.kernels.cupy.device import on
from tests import switch

ROOT = Path(__file__).parent.parent
FILE = """
import numpy as np
import pytest
import nnscratch as nn
from tests.backends import BACKEND, BACKENDS

def test_the_backend():
    call = nn.run_layer(nn.ReLU(), np.float32([[-1, 2]]), backend=BACKEND)
    print("a", BACKEND, *BACKENDS, nn.get_backend().name, type(call.output).__name__)
    np.testing.assert_array_equal(call.output, [[0, 2]])

@pytest.mark.host("arrays are to be NumPy's")
def test_the_host(): ...

@pytest.mark.process("of another one")
def test_another_process(): ...
"""


def run(folder: Path, *options: str, **variables: str) -> tuple[int, str]:
    """The exit status of pytest with options, and what it printed."""
    file = folder / "test_it.py"
    file.write_text(FILE)
    words = [str(file), "-q", "-s", "-p", "no:cacheprovider", "-p", "tests.conftest"]
    environment: Mapping[str, str] = {**os.environ, **variables}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, *options],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


another_process = pytest.mark.process("the suite is run by another process")


@another_process
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "a numpy numpy numba numba ndarray"),
        (["--backend", "numpy"], "a numpy numpy numpy ndarray"),
        (["--backend", "numba"], "a numba numba numba ndarray"),
    ],
)
def test_the_backend_that_is_named_is_taken(options: list[str], told: str, tmp_path: Path) -> None:
    status, output = run(tmp_path, *options, NNSCRATCH_BACKEND="")
    assert (status, told in output, "3 passed" in output) == (0, True, True), output


@another_process
def test_a_cpu_stands_for_the_gpu(tmp_path: Path) -> None:
    status, output = run(tmp_path, "--backend", "cupy", "--emulate")
    assert status == 0, output
    assert "a cupy cupy cupy DeviceArray" in output
    assert "1 passed, 2 deselected" in output
    lines = [line.split() for line in output.splitlines()]
    assert ["1", "host:", "arrays", "are", "to", "be", "NumPy's"] in lines
    assert ["1", "process:", "of", "another", "one"] in lines


@another_process
@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--backend", "cupy"], "--backend cupy: backend 'cupy': CuPy is not installed"),
        (["--backend", "cuda"], "--backend cuda: unknown backend (NNSCRATCH_BACKEND) 'cuda'"),
        (["--emulate"], "--emulate stands for a GPU: give --backend cupy, too"),
        (["--backend", "cupy", "--emulate", "--no-pool"], "--no-pool is for a GPU; leave"),
        (["--no-pool"], "--no-pool: CuPy is not installed"),
    ],
)
def test_what_is_not_there_is_said_at_once(options: list[str], error: str, tmp_path: Path) -> None:
    (tmp_path / "cupy.py").write_text("raise ImportError('none')")
    status, output = run(tmp_path, *options, PYTHONPATH=str(tmp_path))
    assert (status, error in output) == (4, True), output


def test_each_array_has_memory_of_its_own() -> None:
    told: list[Any] = []
    gpu: Any = SimpleNamespace(
        number=0, xp=SimpleNamespace(cuda=SimpleNamespace(set_allocator=told.append))
    )
    with on(gpu):
        switch.drop_pool()
    assert told == [None]
