"""Looks: what costs too much for every step, in a step now and then."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nnscratch.core.tape import Call
from nnscratch.inspect.groups import group_of
from nnscratch.inspect.units import distinct, rank, silent
from nnscratch.kernels.ops import Array, Ops

if TYPE_CHECKING:
    from nnscratch.core.step import Step

BINS = 64


class Histogram(NamedTuple):
    """How the entries of an array are spread over equal parts of its range.

    A range of one number is widened by a half to both sides. An array with a NaN or an infinity
    has no range: low and high are NaN, and nothing is counted.
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
        (row,) = k.statistics(x, np.array([[0, x.size]]), math.nan, math.nan)
        low, high = float(row[2]), float(row[3])
        if not math.isfinite(high - low):
            return cls(math.nan, math.nan, np.zeros(BINS, np.int64))
        if low == high:
            low, high = low - 0.5, high + 0.5
        return cls(low, high, k.histogram(x, low, high, BINS))


@dataclass
class Look:
    """One step, looked at closely. Calls go by their keys, weights by their paths."""

    step: int
    histograms: dict[str, dict[str, Histogram]] = field(default_factory=dict)
    """By name, then "output" and "output_gradient", or "value", "gradient" and "update"."""
    units: dict[str, int] = field(default_factory=dict)
    """How many units a kernel or an activation has."""
    rank: dict[str, int | None] = field(default_factory=dict)
    """Of each kernel: how many units are linearly independent; None where one is not finite."""
    distinct: dict[str, int] = field(default_factory=dict)
    """Of each kernel: how many units differ."""
    distinct_gradients: dict[str, int] = field(default_factory=dict)
    """Of each kernel: the gradients of how many units differ."""
    never_fired: dict[str, int] = field(default_factory=dict)
    """Of each activation: how many units are flat in every row and place of the batch."""

    def see_output(self, k: Ops, call: Call) -> None:
        """Look at a call after its forward pass."""
        y = call.output
        self.histograms[call.key] = {"output": Histogram.of(k, y)}
        if call.layer.role == "activation":
            self.units[call.key] = y.shape[-1]
            self.never_fired[call.key] = silent(y, call.layer.saturation)

    def see_gradient(self, k: Ops, call: Call) -> None:
        """Look at a call after its backward pass."""
        self.histograms[call.key]["output_gradient"] = Histogram.of(k, call.output_gradient)

    def see_weights(self, k: Ops, step: Step, paths: Iterable[str]) -> None:
        """Look at some of the trained weights."""
        for path in paths:
            value, gradient = step.before[path], step.total_gradients[path]
            self.histograms[path] = {
                "value": Histogram.of(k, value),
                "gradient": Histogram.of(k, gradient),
                "update": Histogram.of(k, step.updates[path]),
            }
            if group_of(step, path) == "kernels":
                self.units[path] = value.shape[-1]
                self.rank[path] = rank(value)
                self.distinct[path] = distinct(value)
                self.distinct_gradients[path] = distinct(gradient)

    def state(self) -> dict[str, Any]:
        """All of it, in lists, mappings and arrays."""
        histograms = {
            name: {what: h._asdict() for what, h in own.items()}
            for name, own in self.histograms.items()
        }
        return {**vars(self), "histograms": histograms}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Look:
        """A look that told this of itself."""
        histograms = {
            name: {what: Histogram(**h) for what, h in own.items()}
            for name, own in state["histograms"].items()
        }
        return cls(**{**state, "histograms": histograms})
