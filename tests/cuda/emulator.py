"""The backend's device on the CPU: the same kernels and the same launch code, with every access to
memory checked.

A kernel's file is compiled by the system's C++ compiler, once; libraries are kept in the user's
cache, named by a hash of all that went into them.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from nnscratch.kernels.cupy import sources
from tests.cuda.device_array import ArrayModule, DeviceArray

HERE = Path(__file__).parent
MACHINE = HERE / "cpu"
SHIM, PARTS = MACHINE / "cuda_on_cpu.h", sorted(MACHINE.glob("*.cpp"))
COMMON = ("-std=c++17", "-fPIC", "-U_FORTIFY_SOURCE", "-fcf-protection=none", "-Wall", "-Werror")
CHECKED = (
    *COMMON,
    "-O1",
    "-fsanitize=thread",
    "-Wno-unknown-pragmas",
    "-Wno-tsan",
    "-fno-threadsafe-statics",
)
GRID, BLOCK = (2**31 - 1, 2**16 - 1, 2**16 - 1), 1024
"""The largest grid, in blocks, and block, in threads, that CUDA launches."""
ORDERS = {"forward": 0, "backward": 1, "shuffled": 2}


class KernelError(AssertionError):
    """A kernel did what it must not do."""


class Span(ctypes.Structure):
    """An array argument, for the C++ side."""

    _fields_ = (
        ("start", ctypes.c_void_p),
        ("size", ctypes.c_uint64),
        ("grain", ctypes.c_uint64),
        ("argument", ctypes.c_int64),
    )


def compiler() -> str:
    """The system's C++ compiler."""
    found = os.environ.get("CXX") or shutil.which("g++")
    assert found, "CUDA kernels run on the CPU when a C++ compiler is there: apt install g++"
    return found


def cache() -> Path:
    """Where compiled kernels are kept."""
    shared = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(shared) / "nnscratch" / "cuda_on_cpu"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def built(kind: str, text: str, build: Callable[[Path, Path], list[str | Path]]) -> Path:
    """What a command makes of a text, if it has not been made before."""
    shared = "".join(path.read_text() for path in sorted(MACHINE.iterdir()))
    shared += repr((COMMON, CHECKED, compiler()))
    name = hashlib.sha256((shared + text).encode()).hexdigest()[:20]
    target = cache() / f"{name}.{kind}"
    if not target.exists():
        with tempfile.TemporaryDirectory(dir=cache()) as folder:
            source, result = Path(folder) / "kernel.cpp", Path(folder) / "result"
            source.write_text(text)
            command = [compiler(), *build(source, result)]
            made = subprocess.run(command, capture_output=True, text=True, check=False)
            if made.returncode:
                raise KernelError(f"{' '.join(map(str, command))}\n{made.stderr}")
            result.rename(target)
    return target


def runtime() -> Path:
    """The part of every library that runs its kernels."""
    return built("o", "machine", lambda _, result: [*COMMON, "-O2", "-r", *PARTS, "-o", result])


@functools.cache
def library(text: str, kernels: tuple[str, ...], defines: tuple[tuple[str, str], ...]) -> Any:
    """The compiled kernels of a source text."""
    lines = [f"#define {name} {value}" for name, value in defines]
    lines += [f'#include "{SHIM}"', text]
    lines += [
        f'extern "C" void run_{name}(void** at) {{ call({name}, at); }}\n'
        f'extern "C" const char* types_{name}() {{ return types({name}); }}'
        for name in kernels
    ]
    code = built("cpu.o", "\n".join(lines), lambda s, result: [*CHECKED, "-c", s, "-o", result])
    # Ends of sections are a library's own, so that the runtime has to be a part of each.
    linked = built(
        "so", str(code), lambda _, result: ["-shared", "-o", result, code, runtime(), "-lm"]
    )
    loaded = ctypes.CDLL(str(linked))
    loaded.run.restype = ctypes.c_char_p
    return loaded


class EmulatedDevice:
    """A `Device` that runs kernels in several orders of their threads, and compares the bits.

    Args:
        files: texts to use instead of those of the files of these names.
        last_block: run no other, in one order: for arrays that are too large for more.
    """

    def __init__(
        self,
        orders: Sequence[str] = tuple(ORDERS),
        files: Mapping[str, str] | None = None,
        last_block: bool = False,
    ):
        self.xp: Any = ArrayModule()
        self.number, self.architecture, self.facts = 0, 90, {"gpu": "none: a CPU stands for it"}
        self.orders = [ORDERS[order] for order in orders]
        self.files = dict(files or {})
        self.last_block = last_block
        self.launches: Counter[str] = Counter()

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """As `Device`."""
        return self.xp.empty(shape, dtype)

    def put(self, array: Any) -> Any:
        """As `Device`."""
        return self.xp.asarray(array)

    def get(self, array: Any) -> Any:
        """As `Device`."""
        return array.get() if isinstance(array, DeviceArray) else np.asarray(array)

    def launch(
        self,
        source: str,
        kernel: str,
        defines: Mapping[str, str],
        grid: tuple[int, int, int],
        block: tuple[int, int, int],
        arguments: Sequence[Any],
        shared: int = 0,
    ) -> None:
        """Run a kernel once in each order.

        Raises:
            KernelError: see `cpu/`; or the results depend on the order.
        """
        self.launches[f"{source}:{kernel}"] += 1
        fits = all(0 < n <= most for n, most in zip(grid, GRID, strict=True))
        if not (fits and 0 < prod(block) <= BLOCK):
            raise KernelError(f"{kernel} ({source}): CUDA refuses a grid {grid} of blocks {block}")
        text = self.files.get(source) or sources.text(source)
        code = library(text, sources.kernels(text), tuple(sorted(defines.items())))
        arrays = {
            number: argument.host
            for number, argument in enumerate(arguments)
            if isinstance(argument, DeviceArray)
        }
        assert all(array.flags.c_contiguous for array in arrays.values()), kernel
        may_change = {n: a for n, a in arrays.items() if a.flags.writeable}
        arrays = {} if self.last_block else may_change  # vast arrays are not copied
        before = {number: array.copy() for number, array in arrays.items()}
        first: dict[int, bytes] = {}
        for order in self.orders:
            for number, array in arrays.items():
                array[...] = before[number]
            first_block = prod(grid) - 1 if self.last_block else 0
            trouble = run(code, kernel, grid, block, first_block, shared, arguments, order)
            if trouble:
                raise KernelError(f"{kernel} ({source}): {trouble}")
            after = {number: array.tobytes() for number, array in arrays.items()}
            first = first or after
            for number, held in after.items():
                if held != first[number]:
                    raise KernelError(
                        f"{kernel} ({source}): argument {number} depends on the order of threads"
                    )


def run(
    code: Any,
    kernel: str,
    grid: tuple[int, int, int],
    block: tuple[int, int, int],
    first_block: int,
    shared: int,
    arguments: Sequence[Any],
    order: int,
) -> str:
    """Run a compiled kernel, from a block on. Returns what went wrong."""
    declared = getattr(code, f"types_{kernel}")
    declared.restype = ctypes.c_char_p
    types = declared().decode().split()
    assert len(types) == len(arguments), f"{kernel} takes {types}, got {len(arguments)} arguments"
    values, spans = [], []
    for number, (argument, expected) in enumerate(zip(arguments, types, strict=True)):
        got = c_type(argument) or expected
        assert got == expected, f"{kernel}: argument {number} is {expected}, got {got}"
        if isinstance(argument, DeviceArray):
            host = argument.host
            values.append(np.array(host.ctypes.data, np.uint64))
            spans.append(Span(host.ctypes.data, host.nbytes, host.itemsize, number))
        elif argument is None:
            values.append(np.array(0, np.uint64))
        else:
            values.append(np.array(argument))
    pointers = (ctypes.c_void_p * len(values))(*[value.ctypes.data for value in values])
    told = code.run(
        ctypes.cast(getattr(code, f"run_{kernel}"), ctypes.c_void_p),
        (ctypes.c_uint * 3)(*grid),
        (ctypes.c_uint * 3)(*block),
        ctypes.c_uint(first_block),
        ctypes.c_uint(shared),
        pointers,
        (Span * len(spans))(*spans),
        len(spans),
        order,
    )
    return told.decode()


def c_type(argument: Any) -> str | None:
    """What `types` in cpu/cuda_on_cpu.h calls an argument's type; None of a null pointer's."""
    if argument is None:
        return None
    is_array = isinstance(argument, DeviceArray)
    assert is_array or isinstance(argument, np.generic), f"{argument!r} has no C type"
    dtype = argument.dtype
    return f"{'*' * is_array}{'u' if dtype.kind == 'b' else dtype.kind}{dtype.itemsize}"
