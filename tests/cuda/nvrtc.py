"""NVIDIA's compiler of CUDA C++, which needs no driver: pip install nvidia-cuda-nvrtc."""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from nnscratch.kernels.cupy import sources

CUPYS = ("-ftz=true", "--device-as-default-execution-space")
"""What CuPy adds to the options of every kernel: numbers too small for a normal float32 are 0."""


class Usage(NamedTuple):
    """What a kernel takes of the hardware, as the assembler says."""

    kernel: str
    registers: int
    spilled: int
    """Bytes of registers that were put into memory, and fetched again."""


@functools.cache
def library() -> Any:
    """The compiler; the wheel puts it into a folder of `nvidia`."""
    spec = importlib.util.find_spec("nvidia")
    places = (spec and spec.submodule_search_locations) or ()
    found = [path for place in places for path in Path(place).rglob("libnvrtc.so.*")]
    assert found, "CUDA kernels are compiled with NVRTC: pip install nvidia-cuda-nvrtc"
    newest = max(found, key=lambda path: path.name)
    for part in newest.parent.glob("libnvrtc-builtins.so.*"):
        ctypes.CDLL(str(part), ctypes.RTLD_GLOBAL)  # older versions look for it elsewhere
    return ctypes.CDLL(str(newest))


def version() -> str:
    """The compiler's."""
    major, minor = ctypes.c_int(), ctypes.c_int()
    library().nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
    return f"{major.value}.{minor.value}"


def compiled(source: str, defines: Mapping[str, str], architecture: str) -> tuple[str, list[Usage]]:
    """Compile a file of kernels to machine code.

    Returns:
        What the compiler said beside its table, and the table.

    Raises:
        AssertionError: it does not compile.
    """
    nvrtc, program = library(), ctypes.c_void_p()
    text = sources.text(source).encode()
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), text, f"{source}.cu".encode(), 0, None, None)
    options = [
        *sources.OPTIONS,
        *CUPYS,
        *(f"-D{name}={value}" for name, value in defines.items()),
        f"--gpu-architecture={architecture}",
        "--ptxas-options=-v",
    ]
    failed = nvrtc.nvrtcCompileProgram(
        program, len(options), (ctypes.c_char_p * len(options))(*map(str.encode, options))
    )
    size = ctypes.c_size_t()
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    said = log.value.decode()
    assert not failed, said
    return usage(said)


def usage(log: str) -> tuple[str, list[Usage]]:
    """The assembler's table out of a log, and what else was said."""
    rows, rest, kernel, spilled = [], [], "", 0
    for line in log.splitlines():
        if match := re.search(r"Compiling entry function '(\w+)'", line):
            kernel = match[1]
        elif match := re.search(r"(\d+) bytes spill stores, (\d+) bytes spill loads", line):
            spilled = int(match[1]) + int(match[2])
        elif match := re.search(r"Used (\d+) registers", line):
            rows.append(Usage(kernel, int(match[1]), spilled))
        elif line.strip() and "ptxas info" not in line:
            rest.append(line)
    return "\n".join(rest), rows
