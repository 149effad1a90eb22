"""How the backend compiles, where it keeps the code, and that it compiles no more than needed."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from nnscratch.kernels import resolve
from nnscratch.kernels.cases import CASES
from nnscratch.kernels.numba import activation, jit, launch, windows
from nnscratch.kernels.numba.code_files import CodeFiles, checked
from nnscratch.kernels.numba.microkernel.target import TARGET
from nnscratch.kernels.ops import OPS

MODULES = sorted(path.stem for path in jit.SOURCES.glob("*.py") if path.stem != "__init__")


def test_every_operation_is_compiled_or_blas() -> None:
    assert set(resolve("numba").source.values()) == {"numba"}


# -- one compilation for each dtype --------------------------------------------------------------


def dispatchers() -> dict[str, Any]:
    modules = [importlib.import_module(f"nnscratch.kernels.numba.{name}") for name in MODULES]
    return {
        f"{function.__module__}.{name}": function
        for module in modules
        for name, function in vars(module).items()
        if isinstance(function, Dispatcher)
    }


def signatures() -> dict[str, int]:
    return {name: len(function.signatures) for name, function in dispatchers().items()}


def read_only(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array


def strided(array: np.ndarray) -> np.ndarray:
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


def unaligned(array: np.ndarray) -> np.ndarray:
    memory = np.empty(array.nbytes + 1, np.uint8)
    shifted = memory[1:].view(array.dtype).reshape(array.shape)
    shifted[...] = array
    return shifted


@pytest.mark.parametrize("op", OPS)
def test_no_layout_is_compiled_apart(op: str) -> None:
    case = next(case for case in CASES if case.op == op)
    function = getattr(resolve("numba"), op)
    function(*case.arguments("float32"))
    before = signatures()
    for disguise in (read_only, strided, np.asfortranarray, unaligned):
        arguments = case.arguments("float32")
        function(*[disguise(a) if isinstance(a, np.ndarray) else a for a in arguments])
    assert signatures() == before


def test_functions_were_found() -> None:
    assert len(dispatchers()) > 40


def test_a_kernel_cannot_write_to_its_inputs() -> None:
    @numba.njit
    def wrong(x: np.ndarray, y: np.ndarray) -> None:
        x[0] = y[0]

    with pytest.raises(numba.TypingError, match="Cannot modify readonly array"):
        launch.elementwise(wrong, [np.ones(3)])


def test_a_view_is_read_without_a_copy_and_the_original_stays_writable() -> None:
    x = np.ones((2, 3))
    view = launch.read(x)
    assert np.shares_memory(view, x)
    assert not view.flags.writeable
    assert x.flags.writeable


def test_what_is_not_aligned_or_contiguous_is_copied() -> None:
    for disguise in (unaligned, strided, np.asfortranarray):
        x = disguise(np.arange(6.0, dtype=np.float32).reshape(2, 3))
        view = launch.read(x)
        np.testing.assert_array_equal(view, x)
        assert view.flags.aligned
        assert view.flags.c_contiguous


# -- where the code is kept ------------------------------------------------------------------------


def test_code_is_kept_in_the_folder_of_these_sources() -> None:
    for function in (activation._relu, windows.gather):
        dispatcher: Any = function
        assert Path(dispatcher.stats.cache_path).parent == jit.CACHE


def test_the_hash_changes_with_any_source(tmp_path: Path) -> None:
    folder = tmp_path / "numba"
    shutil.copytree(jit.SOURCES, folder, ignore=shutil.ignore_patterns("__pycache__"))
    original = jit.source_hash(folder)
    assert original == jit.source_hash(jit.SOURCES)
    for name in (*MODULES, "conv/direct", "microkernel/tile"):
        source = folder / f"{name}.py"
        text = source.read_text()
        source.write_text(text + "# changed\n")
        assert jit.source_hash(folder) != original
        source.write_text(text)
    assert jit.source_hash(folder) == original
    (folder / "pool.py").rename(folder / "another.py")
    assert jit.source_hash(folder) != original


def test_the_folder_is_the_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNSCRATCH_CACHE_DIR", str(tmp_path / "own"))
    folder = jit.cache_folder()
    assert folder == tmp_path / "own" / f"numba-{TARGET.name}-{jit.source_hash(jit.SOURCES)}"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.parent.stat().st_mode & 0o777 == 0o700


def test_the_folder_lies_below_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NNSCRATCH_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "shared"))
    assert jit.cache_root() == tmp_path / "shared" / "nnscratch"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert jit.cache_root() == tmp_path / "home" / ".cache" / "nnscratch"


def test_without_a_writable_folder_there_is_a_warning_and_a_temporary_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NNSCRATCH_CACHE_DIR", str(tmp_path / "file"))
    with pytest.warns(RuntimeWarning, match="set NNSCRATCH_CACHE_DIR to a folder") as warnings:
        folder = jit.cache_folder()
    assert "\n" not in str(warnings[0].message)
    assert folder.stat().st_mode & 0o777 == 0o700
    shutil.rmtree(folder)


def test_numbas_own_setting_is_left_alone(tmp_path: Path) -> None:
    before = vars(numba.config)["CACHE_DIR"]
    assert before != str(jit.CACHE)

    def fail_inside() -> None:
        with jit.numba_caches_in(tmp_path):
            assert vars(numba.config)["CACHE_DIR"] == str(tmp_path)
            raise KeyError

    with pytest.raises(KeyError):
        fail_inside()
    assert vars(numba.config)["CACHE_DIR"] == before


# -- damaged files ---------------------------------------------------------------------------------

CALL = """
import numpy as np
from nnscratch.kernels import resolve
print(resolve("numba").ops.tanh(np.float32([0, 1])).tolist())
"""


def in_a_new_process(folder: Path) -> subprocess.CompletedProcess[str]:
    """Call a kernel on one thread: a second one may still compile when the process ends."""
    environment = os.environ | {"NNSCRATCH_CACHE_DIR": str(folder), "NNSCRATCH_THREADS": "1"}
    command = [sys.executable, "-c", CALL]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut short": lambda content: content[: len(content) // 2],
    "another byte": lambda content: content[:-100] + b"?" + content[-99:],
    "text": lambda content: b"hello",
}


def test_damaged_code_is_compiled_again(tmp_path: Path) -> None:
    right = in_a_new_process(tmp_path)
    assert right.stdout.startswith("[0.0, 0.7615")
    for damage in DAMAGES.values():
        for ending in ("nbi", "nbc"):
            files = list(tmp_path.rglob(f"*.{ending}"))
            before = [path.read_bytes() for path in files]
            assert before
            for path, content in zip(files, before, strict=True):
                path.write_bytes(damage(content))
            again = in_a_new_process(tmp_path)
            assert (again.stdout, again.stderr) == (right.stdout, "")
            for path in files:
                assert checked(str(path)) is not None


def test_processes_that_compile_at_the_same_time_keep_each_its_own_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other, later = (CodeFiles(str(tmp_path), "function", "stamp") for _ in range(3))
    write = one._save_data

    def write_after_the_other(name: str, data: Any) -> None:
        other.save("its arguments", "its code")
        write(name, data)

    monkeypatch.setattr(other, "_load_index", dict)  # it looked before the first one wrote
    monkeypatch.setattr(one, "_save_data", write_after_the_other)
    one.save("arguments", "code")
    assert later.load("arguments") == "code"
    assert later.load("its arguments") == "its code"


def test_code_that_cannot_be_kept_runs_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Any, *_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(CodeFiles, "_save_data", full)
    with jit.numba_caches_in(tmp_path):
        function = jit.compiled()(lambda x: x + 1)
    with pytest.warns(RuntimeWarning, match=r"could not be kept .*No space left.*make room"):
        assert function(41) == 42
