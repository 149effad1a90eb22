"""What the processor's vector unit offers, and the tile that fills it.

A tile of C is held in registers while it is summed up: rows * vectors of them. One more is needed
for each vector of a row of B, and one for the number of A that these are multiplied by:

    rows * vectors + vectors + 1 <= registers

A step of the sum loads rows + vectors times and multiplies rows * vectors times, so the larger and
the squarer the tile, the less it waits for memory. And a multiply-add takes four or five cycles of
which two may begin in each: there must be eight or ten that do not wait for each other.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import llvmlite.binding as llvm

FORCED = "NNSCRATCH_VECTORS"
"""The environment variable that chooses a target by name."""


@dataclass(frozen=True)
class Target:
    """A vector unit, and the tile for it."""

    name: str
    bytes: int
    """Of a vector."""
    fused: bool
    """Whether it has an instruction for a * b + c that rounds once."""
    masked: bool
    """Whether it writes some lanes of a vector as fast as all of them."""
    rows: int
    vectors: int
    needs: tuple[str, ...]
    """The features that LLVM reports of a processor that has it."""

    def lanes(self, itemsize: int) -> int:
        """Numbers in a vector."""
        return self.bytes // itemsize

    def columns(self, itemsize: int) -> int:
        """Columns of a tile."""
        return self.vectors * self.lanes(itemsize)


TARGETS = (
    Target("avx512", 64, True, True, rows=6, vectors=4, needs=("avx512f",)),  # 29 of 32 registers
    Target("avx2", 32, True, False, rows=6, vectors=2, needs=("avx2", "fma")),  # 15 of 16
    Target("neon", 16, True, False, rows=6, vectors=4, needs=("neon",)),  # 29 of 32
    # 11 of 16, and one more for a product
    Target("portable", 16, False, False, rows=4, vectors=2, needs=()),
)
"""From the widest to what every processor can do, if need be a number at a time."""


def available() -> list[Target]:
    """The targets that this processor has, the widest first."""
    features = llvm.get_host_cpu_features()
    return [t for t in TARGETS if all(features.get(need, False) for need in t.needs)]


def chosen() -> Target:
    """The target that NNSCRATCH_VECTORS names, else the widest.

    Raises:
        ValueError: it names none that this processor has.
    """
    targets = available()
    name = os.environ.get(FORCED)
    if name is None:
        return targets[0]
    for target in targets:
        if target.name == name:
            return target
    names = ", ".join(target.name for target in targets)
    raise ValueError(
        f"{FORCED}: this processor has {names}, got {name!r}; unset it to let us choose"
    )


TARGET = chosen()
"""What every kernel of this process is compiled for."""
