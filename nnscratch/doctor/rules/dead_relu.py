"""Units that are 0 on every row."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.core.tape import labels
from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.silence import Silence, silence
from nnscratch.doctor.treatments import HiddenActivations

MOST = 0.8
"""Share of a layer's units. A random layer of so few live ones still passes some signal on."""


def dead_relu(chart: Chart) -> Iterator[Finding]:
    """A layer of which nothing, or next to nothing, gets through on any row."""
    if chart.learned or chart.course.broke is not None:
        return
    suspects = [
        key
        for key, entry in chart.end.activities.items()
        if entry.role == "activation" and entry.silent >= MOST * entry.units
    ]
    heard = silence(chart, suspects)
    dead = {key: count for key, count in heard.units.items() if count >= MOST * units(chart, key)}
    if not dead:
        return
    yield Finding(
        cause="dead_relu",
        where=tuple(labels(chart.end.activities)[key] for key in dead),
        evidence=tuple(seen(chart, key, heard) for key in dead),
        why="where a ReLU is 0 its slope is 0: no gradient passes these units, and only a change "
        "of the layers before them, if those still get one, can bring them back",
        fix="a smaller learning rate, he_normal, LeakyReLU or ELU",
        certainty=Certainty.likely,
        treatment=HiddenActivations("elu"),
    )


def units(chart: Chart, key: str) -> int:
    """How many a call has."""
    return chart.end.activities[key].units


def seen(chart: Chart, key: str, heard: Silence) -> Evidence:
    """The count over all rows, before and after."""
    name, before = labels(chart.end.activities)[key], chart.begin.activities[key].silent
    rows = f"all {heard.rows}" if heard.rows == len(chart.rows) else f"{heard.rows} spread"
    factor = chart.end.attenuation[key]
    back = "; of the gradient exactly 0 passes" if factor == 0 else ""
    return Evidence(
        f"{heard.units[key]} of {units(chart, key)} units of {name} are 0 on {rows} training rows; "
        f"at the beginning {before} were{back}",
        step=chart.end.index,
        numbers={"dead": heard.units[key], "units": units(chart, key), "before": before},
    )
