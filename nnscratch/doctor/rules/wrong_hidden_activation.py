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
    names = labels(chart.begin.activities)
    for key in hidden_activations(chart.model):
        if shares_one(chart, key):
            yield sharing(chart, key, names[key])
        elif (steepest := slope(chart, key)) > STEEP and chart.diverged:
            yield steep(chart, key, names[key], steepest)


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


def sharing(chart: Chart, key: str, name: str) -> Finding:
    """Softmax between layers."""
    entry, factor = chart.begin.activities[key], chart.begin.attenuation[key]
    seen = Evidence(
        f"the {entry.units} outputs of {name} sum to 1 in every row: they are of size "
        f"{entry.rms:.2g}, differ from row to row by {entry.varies:.2g}, and let {factor:.2g} of "
        "the gradient through",
        step=chart.begin.index,
        numbers={"units": entry.units, "factor": factor, "varies": entry.varies},
    )
    return Finding(
        cause="wrong_hidden_activation",
        where=(name,),
        evidence=(seen,),
        why="units that share 1 are of size 1 / units, and of a gradient only what tells them "
        "apart comes back, times that size: p (g - sum p g)",
        fix="ReLU, ELU or tanh between layers; softmax only at the end",
        certainty=Certainty.likely,
        treatment=HiddenActivations("relu"),
    )


def steep(chart: Chart, key: str, name: str, steepest: float) -> Finding:
    """An activation that grows faster than what it reads."""
    entry = chart.begin.activities[key]
    seen = Evidence(
        f"{name} has slopes of up to {steepest:.3g} on the first rows and puts out up to "
        f"{entry.largest:.3g}; the loss went from {chart.course.losses[0]:.4g} to "
        f"{chart.course.losses[-1]:.4g}",
        step=chart.begin.index,
        numbers={"slope": steepest, "largest": entry.largest},
    )
    return Finding(
        cause="wrong_hidden_activation",
        where=(name,),
        evidence=(seen,),
        why="a slope above 1 that grows with its input multiplies every step by itself: larger "
        "outputs get larger gradients, which make them larger still",
        fix="ReLU, ELU or tanh between layers",
        certainty=Certainty.likely,
        treatment=HiddenActivations("relu"),
    )
