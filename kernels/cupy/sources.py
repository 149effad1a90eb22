"""The text of the CUDA files: kernels in ``*.cu``, what they share in ``*.cuh``.

A compiler is given one text, into which the included files have been copied: what is cached by a
hash of it is compiled anew when any of them changes.
"""

from __future__ import annotations

import functools
import re
from itertools import product
from pathlib import Path

HERE = Path(__file__).parent
INCLUDE = re.compile(r'^#include "([\w/]+\.cuh)"$', flags=re.MULTILINE)
KERNEL = re.compile(r"^KERNEL (?:__launch_bounds__\([^)]*\) )?(\w+)\(", flags=re.MULTILINE)

OPTIONS = ("--std=c++17",)
"""How every file is compiled."""

REALS = {"float32": "float", "float64": "double"}
"""The C type of each dtype that kernels compute with."""

WORDS = {1: "unsigned char", 2: "unsigned short", 4: "unsigned", 8: "unsigned long long"}
"""The unsigned C type of so many bytes."""

MACROS: dict[str, dict[str, tuple[str, ...]]] = {
    "copies": {"Word": tuple(WORDS.values())},
    "pool": {"Real": tuple(REALS.values()), "Number": tuple(WORDS.values())[:3]},
}
"""The macros that a file is compiled with, and what they may be, where it is not Real alone."""


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
    return tuple(sorted(str(path.relative_to(HERE).with_suffix("")) for path in HERE.rglob("*.cu")))


def variants(source: str) -> tuple[dict[str, str], ...]:
    """Every set of macros that a file may be compiled with."""
    macros = MACROS.get(source, {"Real": tuple(REALS.values())})
    return tuple(dict(zip(macros, values, strict=True)) for values in product(*macros.values()))
