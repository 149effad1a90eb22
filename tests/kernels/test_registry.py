from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nnscratch import kernels
from nnscratch.kernels import BACKENDS, kernel, resolve
from nnscratch.kernels.ops import OPS

ROOT = Path(__file__).parents[2]


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("backend", [*BACKENDS, "cupy"])
def test_a_backend_offers_every_operation_with_the_declared_parameters(backend: str) -> None:
    table = resolve(backend)
    assert set(table.source) == set(OPS)
    for op, declared in OPS.items():
        got = kernels.parameters(getattr(table, op))
        assert got == kernels.parameters(declared)[1:], op


def test_an_operation_is_registered_once() -> None:
    resolve("numpy")

    def tanh(x: Any) -> Any:
        return x

    with pytest.raises(ValueError, match=r"'tanh' \(numpy\): registered twice"):
        kernel("tanh", backend="numpy")(tanh)


def test_an_operation_is_declared_first() -> None:
    def conv3d(x: Any) -> Any:
        return x

    with pytest.raises(ValueError, match=r"'conv3d' \(numpy\): not declared"):
        kernel("conv3d", backend="numpy")(conv3d)


def test_parameters_are_those_of_the_declaration() -> None:
    def matmul(left: Any, right: Any) -> Any:
        return left

    with pytest.raises(
        ValueError,
        match=r"takes \('left', 'right'\), ops.py declares \('a', 'b', 'bias', .*'out'\)",
    ):
        kernel("matmul", backend="elsewhere")(matmul)
    assert ("matmul", "elsewhere") not in kernels.table()


def test_numba_falls_back_to_numpy_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve("numba")
    monkeypatch.setattr(kernels, "_resolved", {})
    monkeypatch.delitem(kernels._table, ("tanh", "numba"), raising=False)
    table = resolve("numba")
    assert table.source["tanh"] == "numpy"
    assert table.ops.tanh is resolve("numpy").ops.tanh


@pytest.mark.parametrize("backend", ["naive", "numpy", "cupy"])
def test_no_other_backend_falls_back(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(backend)
    monkeypatch.setattr(kernels, "_resolved", {})
    monkeypatch.delitem(kernels._table, ("tanh", backend))
    with pytest.raises(LookupError, match=f"'tanh': not implemented by {backend}"):
        resolve(backend)


def test_the_package_refuses_another_name() -> None:
    run = python("import sys; sys.path.insert(0, '.'); import kernels")
    assert run.returncode != 0
    assert "this package is nnscratch.kernels, but was imported as 'kernels'" in run.stderr


def test_numpy_kernels_do_not_import_numba() -> None:
    run = python(
        "import sys; from nnscratch.kernels import resolve; resolve('numpy'); resolve('naive');"
        "print('numba' in sys.modules)"
    )
    assert run.stdout.strip() == "False", run.stderr


def test_cupy_kernels_import_cupy_when_one_is_launched() -> None:
    run = python(
        "import sys; from nnscratch.kernels import resolve; resolve('cupy');"
        "print('cupy' in sys.modules, 'numba' in sys.modules)"
    )
    assert run.stdout.strip() == "False False", run.stderr
