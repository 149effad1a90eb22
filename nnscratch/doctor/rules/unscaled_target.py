"""Targets so large that the outputs are still on their way to them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.task import Kind
from nnscratch.doctor.treatments import StandardisedTargets

LARGE = 10.0


def unscaled_target(chart: Chart) -> Iterator[Finding]:
    """Numbers far beyond what first outputs are."""
    size, first = chart.targets.size, float(np.sqrt(np.mean(np.square(chart.begin.y))))
    bounded = np.isfinite(chart.head.low) and np.isfinite(chart.head.high)
    if chart.task.kind is not Kind.numbers or bounded or chart.learned or chart.diverged:
        return
    if size < LARGE or size < LARGE * first:
        return
    last = float(np.mean(chart.end.y))
    seen = Evidence(
        f"targets are of size {size:.3g} and {chart.targets.mean:.3g} in the mean, first outputs "
        f"of size {first:.3g}; at the end the mean output is {last:.3g}",
        step=chart.end.index,
        numbers={"size": size, "first": first, "mean": chart.targets.mean, "last": last},
    )
    yield Finding(
        cause="unscaled_target",
        where=("data.y",),
        evidence=(seen,),
        why="the gradient of a squared error grows with the targets, and the way to them does too",
        fix="y = (y - y.mean()) / y.std(), and scale the predictions back",
        certainty=Certainty.likely,
        treatment=StandardisedTargets(),
    )
