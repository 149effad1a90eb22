"""The sides of PyTorch that are compared with: its two layouts, eager and compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from benchmarks.timing import Times, geometric_mean

LAYOUTS = ("contiguous", "channels_last")
"""Names of torch's memory formats: NCHW, and NHWC as here."""
EAGER = tuple(f"torch {layout}" for layout in LAYOUTS)
COMPILED = tuple(f"{side} compiled" for side in EAGER)
"""By torch.compile, as CUDA graphs, which cost Python next to nothing to launch."""


def sides(compiles: bool) -> tuple[str, ...]:
    """All that take part."""
    return EAGER + COMPILED if compiles else EAGER


def layout(side: str) -> str:
    """Of a side's name."""
    return side.split()[1]


def form(torch: ModuleType, side: str) -> Any:
    """Its layout, as torch has it."""
    name = layout(side)
    return getattr(torch, "contiguous_format" if name == "contiguous" else name)


def made(torch: ModuleType, side: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """The work as that side does it."""
    if side not in COMPILED:
        return work
    # For the shapes at hand, even if it has met others.
    compiled: Callable[..., Any] = torch.compile(work, mode="reduce-overhead", dynamic=False)
    return compiled


def begin(sides: Sequence[str]) -> None:
    """Forget what was compiled: a function that is compiled too often runs eager, unsaid."""
    if not set(sides).isdisjoint(COMPILED):
        import_module("torch").compiler.reset()


def better(times: Mapping[str, Times], among: Sequence[str] = EAGER) -> str | None:
    """The fastest of those sides; None if none of them was measured."""
    return min((s for s in among if s in times), key=lambda s: times[s].median, default=None)


@dataclass(frozen=True)
class Compiled:
    """PyTorch's compiled sides against us."""

    median_ms: float
    """In the better layout."""
    layout: str
    speedup: float

    @classmethod
    def of(cls, times: Mapping[str, Times], ours: float) -> Compiled | None:
        """Of all sides' times, and of our milliseconds; None if none was compiled."""
        if (side := better(times, COMPILED)) is None:
            return None
        median = 1e3 * times[side].median
        return cls(median, side, median / ours)

    def __str__(self) -> str:
        return f"PyTorch compiled ({layout(self.layout)}): {self.median_ms:.4g} ms"


def without_nothing(row: dict[str, Any]) -> dict[str, Any]:
    """A row as JSON, without "compiled" where nothing was."""
    return {name: value for name, value in row.items() if name != "compiled" or value is not None}


def against_compiled(speedups: Sequence[float]) -> dict[str, float | None]:
    """What a summary says of compiled sides: nothing of none."""
    if not speedups:
        return {}
    return {
        "geomean_speedup_compiled": geometric_mean(speedups),
        "worst_speedup_compiled": min(speedups),
    }
