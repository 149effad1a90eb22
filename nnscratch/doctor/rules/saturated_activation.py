"""Hidden units that sit where their activation is flat."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.core.tape import labels
from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.survey import Survey
from nnscratch.doctor.treatments import HiddenActivations
from nnscratch.doctor.wiring import hidden_activations

MOST = 0.8
"""Share of a layer's outputs, over all surveyed rows."""
PASSES = 0.3
"""What such a layer lets through of the gradient. ReLU6 may be flat as often, and passes more: it
does not shrink what it lets through."""


def saturated_activation(chart: Chart) -> Iterator[Finding]:
    """Nearly all outputs are at the ends, where the slope is next to 0."""
    if chart.learned or chart.course.broke is not None:
        return
    begin, end = flat(chart, chart.begin), flat(chart, chart.end)
    if not begin and not end:
        return
    at = chart.begin if begin else chart.end
    yield Finding(
        cause="saturated_activation",
        where=tuple(labels(at.activities)[key] for key in begin or end),
        evidence=tuple(seen(chart, key, at) for key in begin or end),
        why="at the flat ends the slope is less than a hundredth of the largest: the layers "
        "before get hardly any gradient, and cannot move the units away from there",
        fix=(
            "inputs of mean 0 and size 1, and first weights such as glorot_uniform"
            if begin
            else "a smaller learning rate; ReLU, which is flat on one side only"
        ),
        certainty=Certainty.likely,
        treatment=HiddenActivations("relu"),
    )


def flat(chart: Chart, at: Survey) -> list[str]:
    """The hidden activations that are flat nearly everywhere."""
    return [
        key
        for key in hidden_activations(chart.model)
        if at.activities[key].two_ended
        and at.activities[key].saturated >= MOST
        and at.attenuation[key] < PASSES
    ]


def seen(chart: Chart, key: str, at: Survey) -> Evidence:
    """The share of flat outputs, and what passes of the gradient."""
    entry, name = at.activities[key], labels(at.activities)[key]
    first, last = (one.activities[key].saturated for one in (chart.begin, chart.end))
    return Evidence(
        f"{entry.saturated:.0%} of the outputs of {name} are at its flat ends ({first:.0%} before "
        f"training, {last:.0%} after); it lets {at.attenuation[key]:.2g} of the gradient through",
        step=at.index,
        numbers={"flat": entry.saturated, "factor": at.attenuation[key]},
    )
