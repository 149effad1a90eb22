"""Training that ended, at this length of steps, before it could have worked."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.outcome import counted
from nnscratch.doctor.treatments import LearningRate, MoreEpochs

NEAR = 1.0
"""Weights that have moved by less than their own size are more the first ones than learned."""
BRISK = 1e-3
"""The usual pace: a step of this part of a weight's own size."""
SWALLOWED = 0.5
"""Share of a kernel's numbers."""


def unfinished(chart: Chart, brisk: bool) -> Iterator[Finding]:
    """The weights have hardly moved, at a brisk pace or a slow one."""
    course, travel = chart.course, chart.travel
    if chart.learned or chart.interrupted or course.broke is not None or not travel:
        return
    furthest = float(np.nanmax(list(travel.values())))
    typical = float(np.nanmedian([chart.trained[path] for path in travel]))
    if not 0 < furthest < NEAR or brisk != (typical > BRISK):
        return
    seen = Evidence(
        f"{counted(course.steps, 'step')} of {typical:.2g} times a kernel's size each: the kernel "
        f"that moved most can have come {furthest:.2g} times its size; the loss went from "
        f"{course.losses[0]:.4g} to {course.losses[-1]:.4g}",
        numbers={"steps": course.steps, "ratio": typical, "travel": furthest},
    )
    yield Finding(
        cause="too_few_updates" if brisk else "lr_too_low",
        where=("optimizer",),
        evidence=(seen, *rounded_away(chart)),
        why="weights that are where they began answer as they did at the beginning",
        fix="train for more epochs, or in smaller batches" if brisk else "a ten times longer step",
        certainty=Certainty.likely,
        treatment=MoreEpochs(2) if brisk else LearningRate(10),
    )


def rounded_away(chart: Chart) -> Iterator[Evidence]:
    """Updates of less than half the distance to the next number of the weights' dtype."""
    shares = {path: kernel.swallowed for path, kernel in chart.end.kernels.items()}
    worst = max(shares, key=lambda path: shares[path], default=None)
    if worst is not None and shares[worst] > SWALLOWED:
        yield Evidence(
            f"of {worst}, {shares[worst]:.0%} of the numbers are given an update and stay what "
            "they are to the bit: it is lost in rounding",
            step=chart.end.index,
            numbers={"swallowed": shares[worst]},
        )
