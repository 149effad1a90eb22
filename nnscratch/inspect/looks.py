"""Looks: what costs too much for every step, in a step now and then."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple, TypeVar

import numpy as np

from nnscratch.core.store import host
from nnscratch.core.table import Table
from nnscratch.core.tape import full_key, has_key, labels
from nnscratch.kernels.ops import Array, Ops

T = TypeVar("T")

BINS = 64
NARROW = 1e-300
"""A part of a narrower range is so small that nothing can be divided by it."""
FACTS = ("units", "rank", "distinct", "distinct_gradients", "never_fired")
"""What a look knows of units."""
HEADINGS = ("", "units", "rank", "different", "gradients", "never fired")
LEGEND = (
    "rank: linearly independent units; different: those that differ; gradients: those whose "
    "gradients do",
    "never fired: flat in every row and place of the batch",
)


class Histogram(NamedTuple):
    """How the entries of an array are spread over equal parts of its range.

    A range of one number, or of numbers that are too close to be told apart, is widened to both
    sides: by a half, or by as many roundings as there are parts. An array with a NaN or an
    infinity has no range: low and high are NaN, and nothing is counted.
    """

    low: float
    high: float
    counts: Array
    """int64 (BINS,)"""

    @property
    def edges(self) -> Array:
        """The parts' bounds, (BINS + 1,)."""
        return np.linspace(self.low, self.high, len(self.counts) + 1)

    @classmethod
    def of(cls, k: Ops, x: Array) -> Histogram:
        """The histogram of an array."""
        (row,) = host(k.statistics(x, np.array([[0, x.size]]), math.nan, math.nan))
        low, high = float(row[2]), float(row[3])
        if high - low < NARROW:
            more = max(0.5, BINS * math.ulp(low))
            low, high = low - more, high + more
        if not math.isfinite(high - low):
            return cls(math.nan, math.nan, np.zeros(BINS, np.int64))
        return cls(low, high, host(k.histogram(x, low, high, BINS)))


class Seen(NamedTuple):
    """What a look at one array tells."""

    histogram: Histogram
    facts: Mapping[str, int | None] = MappingProxyType({})
    """Numbers, by the names of a look's tables."""


class Named(dict[str, T]):
    """By the names of calls and weights. Calls may be named without their number, see `Tape`."""

    def __missing__(self, name: str) -> T:
        return self[full_key(name, self.keys(), "name in this look")]

    def __contains__(self, name: object) -> bool:
        return has_key(name, self.keys())


@dataclass(repr=False)
class Look:
    """One step, looked at closely. Calls go by their keys, weights by their paths.

    `print(look)` and notebooks show its units; `nn.plots.histograms(recorder, name)` the rest.
    """

    step: int
    histograms: Named[dict[str, Histogram]] = field(default_factory=Named)
    """By name, then "output" and "output_gradient", or "value", "gradient" and "update"."""
    units: Named[int] = field(default_factory=Named)
    """How many units a kernel or an activation has."""
    rank: Named[int | None] = field(default_factory=Named)
    """Of each kernel: how many units are linearly independent; None where one is not finite."""
    distinct: Named[int] = field(default_factory=Named)
    """Of each kernel: how many units differ."""
    distinct_gradients: Named[int] = field(default_factory=Named)
    """Of each kernel: the gradients of how many units differ."""
    never_fired: Named[int] = field(default_factory=Named)
    """Of each activation: how many units are flat in every row and place of the batch."""

    def add(self, name: str, what: str, seen: Seen) -> None:
        """Take down what was seen of an array."""
        self.histograms.setdefault(name, {})[what] = seen.histogram
        for fact, value in seen.facts.items():
            getattr(self, fact)[name] = value

    # -- views ------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"Look(step {self.step}: {len(self.histograms)} calls and weights)"

    def __str__(self) -> str:
        return str(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()

    def _table(self) -> Table:
        facts = [getattr(self, fact) for fact in FACTS]
        shown = labels(self.histograms)
        rows = [(shown[name], *(cell(fact, name) for fact in facts)) for name in self.units]
        return Table(f"step {self.step}, looked at closely: units", HEADINGS, rows, LEGEND)


def cell(fact: Mapping[str, int | None], name: str) -> str:
    """A number in a table; a dash where it is not known, nothing where there is none to tell."""
    if name not in fact:
        return ""
    value = fact[name]
    return "-" if value is None else str(value)
