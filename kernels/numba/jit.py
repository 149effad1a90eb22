"""How this backend compiles: one decorator over `numba.njit`, and where its machine code is kept.

Numba's own cache notices a change in a function's file, but not one in the files of the functions
that it calls. So the code is kept in a folder whose name is a hash of every source file of this
backend: changed sources look for another folder, and find no stale code there. The old one may be
deleted at any time, as may all of them. The name also says which vector unit the code is for.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CellType
from typing import Any, TypeVar, cast

import numba
from numba.core.dispatcher import Dispatcher
from numba.extending import intrinsic

from .code_files import CodeFiles
from .microkernel.target import TARGET

F = TypeVar("F", bound=Callable[..., Any])

SOURCES = Path(__file__).parent


def source_hash(folder: Path) -> str:
    """16 hexadecimal digits that change with the name or content of any .py file of a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        content = path.read_bytes()
        name = path.relative_to(folder).as_posix()
        digest.update(f"{name}:{len(content)}:".encode() + content)
    return digest.hexdigest()[:16]


def cache_root() -> Path:
    """NNSCRATCH_CACHE_DIR, else nnscratch below XDG_CACHE_HOME or below ~/.cache.

    Raises:
        RuntimeError: none of them is set, and the user has no home directory.
    """
    if own := os.environ.get("NNSCRATCH_CACHE_DIR"):
        return Path(own)
    if shared := os.environ.get("XDG_CACHE_HOME"):
        return Path(shared) / "nnscratch"
    return Path.home() / ".cache" / "nnscratch"


def cache_folder() -> Path:
    """The folder for the machine code of these sources, made if need be; only its owner may enter.

    Where it cannot be written, a temporary one that lasts as long as the process, and a warning.
    """
    try:
        root = cache_root()
        folder = root / f"numba-{TARGET.name}-{source_hash(SOURCES)}"
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()  # may we write there? only writing tells
    except (OSError, RuntimeError) as error:
        folder = Path(tempfile.mkdtemp(prefix="nnscratch-"))  # made with mode 0700
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        warnings.warn(
            f"nnscratch: compiled kernels will not be kept ({error}); every process compiles them "
            "anew: set NNSCRATCH_CACHE_DIR to a folder that can be written",
            RuntimeWarning,
            stacklevel=2,
        )
    return folder


CACHE = cache_folder()


@contextmanager
def numba_caches_in(folder: Path) -> Iterator[None]:
    """Numba's global cache folder, for functions decorated inside; then what it was.

    A dispatcher computes its path when it is decorated and keeps it: the user's own functions,
    decorated elsewhere, stay where they are.
    """
    settings = vars(numba.config)
    before = settings["CACHE_DIR"]
    settings["CACHE_DIR"] = str(folder)
    try:
        yield
    finally:
        settings["CACHE_DIR"] = before


def compiled(*flags: str, inline: bool = False) -> Callable[[F], F]:
    """Compile a function when it is first called, once for each combination of argument types.

    It runs without the GIL, and division by zero gives inf or NaN as in NumPy.

    Args:
        flags: LLVM fast-math flags; none by default, since NaN, infinities and the order of sums
            matter here. `"contract"` lets a * b + c round once; `"reassoc"` lets a sum be split
            over vector lanes. Both are fixed when compiling: the same arguments, the same bits.
        inline: paste the function into its callers, where a call would keep a loop from being
            vectorised.

    A function made inside another one may use what that one was given; of compiled functions of
    modules the names become part of its own code's name.
    """

    def decorate(function: F) -> F:
        with numba_caches_in(CACHE):
            dispatcher = numba.njit(
                nogil=True,
                cache=not inline,  # its callers' code holds it
                error_model="numpy",
                fastmath=set(flags),
                forceinline=inline,
            )(function)
        if not inline:
            CodeFiles.replacing(dispatcher)
            if function.__closure__:
                name_by_closure(dispatcher, function.__closure__)
        return cast(F, dispatcher)

    return decorate


def name_by_closure(dispatcher: Any, closure: Iterable[CellType]) -> None:
    """Let the compiled functions of modules that a function uses be known by their names.

    Numba would know them by a number that every process draws anew.
    """
    inner: list[Any] = [cell.cell_contents for cell in closure]
    if all(isinstance(use, Dispatcher) and is_ours(use) for use in inner):
        names = tuple(f"{use.__module__}.{use.__name__}" for use in inner)
        dispatcher._cache._index_key = lambda signature, codegen: (
            signature,
            codegen.magic_tuple(),
            names,
        )


def is_ours(function: Any) -> bool:
    """Whether it is a function of a module of this backend, whose sources name the folder."""
    source = Path(function.py_func.__code__.co_filename)
    return function.__name__ == function.__qualname__ and source.is_relative_to(SOURCES)


def generated(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function for compiled code that is written as LLVM's instructions.

    Given the arguments' types, `function` returns the signature and what writes the instructions.
    """
    return cast(Callable[..., Any], intrinsic(function))
