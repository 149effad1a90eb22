"""The text of the CUDA files: kernels in ``*.cu``, what they share in ``*.cuh``.

A compiler is given one text, into which the included files have been copied: what is cached by a
hash of it is compiled anew when any of them changes.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from itertools import product
from pathlib import Path

from .tiles import TENSOR, TILES

HERE = Path(__file__).parent
INCLUDE = re.compile(r'^#include "([\w/]+\.cuh)"$', flags=re.MULTILINE)
KERNEL = re.compile(r"^KERNEL\s+(?:__launch_bounds__\(\w+\)\s+)?(\w+)\(", flags=re.MULTILINE)

OPTIONS = ("--std=c++17",)
"""How every file is compiled."""

ARCHITECTURES = ("sm_75", "sm_80", "sm_90", "sm_100", "sm_120")
"""GPUs that the kernels are compiled for in tests: from Turing on; TF32 came with the second."""

REALS = {"float32": "float", "float64": "double"}
"""The C type of each dtype that kernels compute with."""

WORDS = {1: "unsigned char", 2: "unsigned short", 4: "unsigned", 8: "unsigned long long"}
"""The unsigned C type of so many bytes."""

Macros = tuple[dict[str, str], ...]


def choices(macro: str, values: Iterable[str]) -> Macros:
    """A set of macros for each value of one."""
    return tuple({macro: value} for value in values)


def both(left: Macros, right: Macros) -> Macros:
    """Each set of one with each of the other."""
    return tuple(first | second for first, second in product(left, right))


REAL = {dtype: {"Real": name} for dtype, name in REALS.items()}
NUMBERS = tuple(REAL.values())
MACROS: dict[str, Macros] = {
    "copies": choices("Word", WORDS.values()),
    "pool": both(NUMBERS, choices("Number", list(WORDS.values())[:3])),
    "conv/implicit_gemm": (
        *(REAL[dtype] | tile.macros for dtype, tiles in TILES.items() for tile in tiles),
        REAL["float32"] | TENSOR.tensor_macros,
    ),
}
"""Every set of macros that a file may be compiled with, where that is not Real alone."""


@functools.cache
def text(source: str) -> str:
    """The file `source`.cu, and before it the files that it includes, each once."""
    seen: set[str] = set()

    def spliced(name: str) -> str:
        if name in seen:
            return ""
        seen.add(name)
        lines = (HERE / name).read_text()
        whole = INCLUDE.sub(lambda match: spliced(match[1]), lines)
        return f'#line 1 "{name}"\n{whole}'

    return spliced(f"{source}.cu")


def kernels(text: str) -> tuple[str, ...]:
    """The names of the kernels that a text declares."""
    return tuple(KERNEL.findall(text))


def names() -> tuple[str, ...]:
    """Every file of kernels."""
    found = (path.relative_to(HERE).with_suffix("") for path in HERE.rglob("*.cu"))
    return tuple(sorted(map(str, found)))


def architectures(macros: dict[str, str]) -> tuple[str, ...]:
    """Which of ARCHITECTURES a file can be compiled for, with these macros."""
    return ARCHITECTURES[1:] if "TF32" in macros else ARCHITECTURES


def variants(source: str) -> Macros:
    """Every set of macros that a file may be compiled with."""
    return MACROS.get(source, NUMBERS)
