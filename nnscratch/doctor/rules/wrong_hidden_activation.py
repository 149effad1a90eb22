"""Hidden activations that destroy the signal."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.core.tape import labels
from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.treatments import HiddenActivations
from nnscratch.doctor.wiring import hidden_activations, weighs_next

HALF = 0.5
"""A layer that lets less of the gradient through than ReLU does of random numbers."""
STEEP = 3.0
"""No activation that is in use is steeper than 1.8 (SELU, below 0)."""


def wrong_hidden_activation(chart: Chart) -> Iterator[Finding]:
    """Units that have to share 1 among them, or that multiply what they read."""
    if chart.learned:
        return
    keys = hidden_activations(chart.model)
    if sharing := [key for key in keys if shares_one(chart, key)]:
        yield shared(chart, sharing)
    if chart.diverged and (steep := [key for key in keys if slope(chart, key) > STEEP]):
        yield multiplied(chart, steep)


def shares_one(chart: Chart, key: str) -> bool:
    """Whether a call's outputs sum to 1 in every row, and are weighed next.

    What they multiply otherwise, as attention does, has a size of its own.
    """
    entry = chart.begin.activities[key]
    sums = entry.units > 1 and entry.total is not None and np.isclose(entry.total, 1, rtol=1e-3)
    return bool(sums) and chart.begin.attenuation[key] < HALF and weighs_next(chart.model, key)


def slope(chart: Chart, key: str) -> float:
    """The steepest slope that a call's first outputs have."""
    found = [hop.slope for hop in chart.begin.attenuation.hops if hop.key == key and hop.slope]
    return max((one.largest for one in found), default=0.0)


def shared(chart: Chart, keys: list[str]) -> Finding:
    """Softmax between layers."""
    return Finding(
        cause="wrong_hidden_activation",
        where=tuple(names(chart, keys)),
        evidence=tuple(sum_of_one(chart, key) for key in keys),
        why="units that share 1 are of size 1 / units, and of a gradient only what tells them "
        "apart comes back, times that size: p (g - sum p g)",
        fix="ReLU, ELU or tanh between layers; softmax only at the end",
        certainty=Certainty.likely,
        treatment=HiddenActivations("relu"),
    )


def sum_of_one(chart: Chart, key: str) -> Evidence:
    """What is left of the signal and of the gradient."""
    entry, factor = chart.begin.activities[key], chart.begin.attenuation[key]
    (name,) = names(chart, [key])
    return Evidence(
        f"the {entry.units} outputs of {name} sum to 1 in every row: they are of size "
        f"{entry.rms:.2g}, differ from row to row by {entry.varies:.2g}, and let {factor:.2g} of "
        "the gradient through",
        step=chart.begin.index,
        numbers={"units": entry.units, "factor": factor, "varies": entry.varies},
    )


def multiplied(chart: Chart, keys: list[str]) -> Finding:
    """Activations that grow faster than what they read."""
    losses = chart.course.losses
    steepest = max(slope(chart, key) for key in keys)
    largest = max(chart.begin.activities[key].largest for key in keys)
    seen = Evidence(
        f"{', '.join(names(chart, keys))} has slopes of up to {steepest:.3g} on the first rows and "
        f"puts out up to {largest:.3g}; the loss went from {losses[0]:.4g} to {losses[-1]:.4g}",
        step=chart.begin.index,
        numbers={"slope": steepest, "largest": largest},
    )
    return Finding(
        cause="wrong_hidden_activation",
        where=tuple(names(chart, keys)),
        evidence=(seen,),
        why="a slope above 1 that grows with its input multiplies every step by itself: larger "
        "outputs get larger gradients, which make them larger still",
        fix="ReLU, ELU or tanh between layers",
        certainty=Certainty.likely,
        treatment=HiddenActivations("relu"),
    )


def names(chart: Chart, keys: list[str]) -> list[str]:
    """Of calls, as people are told them."""
    named = labels(chart.begin.activities)
    return [named[key] for key in keys]
