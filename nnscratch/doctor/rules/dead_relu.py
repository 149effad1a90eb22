"""Units that are 0 on every row."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding

MOST = 0.8
"""Share of a layer's units."""


def dead_relu(chart: Chart) -> Iterator[Finding]:
    """A layer of which nothing gets through."""
    if chart.learned:
        return
    dead = {
        key: entry
        for key, entry in chart.end.activities.items()
        if entry.role == "activation" and entry.silent >= MOST * entry.units and entry.rms < 1e-6
    }
    if not dead:
        return
    first = next(iter(dead))
    entry, before = dead[first], chart.begin.activities[first]
    seen = Evidence(
        f"{entry.silent} of {entry.units} units of {first} are 0 on every row; at the beginning "
        f"{before.silent} were",
        step=chart.end.index,
        numbers={"dead": entry.silent, "units": entry.units, "before": before.silent},
    )
    yield Finding(
        cause="dead_relu",
        where=tuple(dead),
        evidence=(seen,),
        why="where a ReLU is 0 its slope is 0: no gradient will ever bring these units back",
        fix="a smaller learning rate, he_normal, LeakyReLU or ELU",
        certainty=Certainty.likely,
    )
