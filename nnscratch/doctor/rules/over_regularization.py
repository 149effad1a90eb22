"""A penalty that outweighs what it is added to."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.treatments import NoPenalty

HEAVY = 0.5
"""Share of the penalty in the first loss."""


def over_regularization(chart: Chart) -> Iterator[Finding]:
    """The weights shrink, whatever the data say."""
    first, begin = chart.begin.penalty, chart.begin.loss
    shrunk = {
        path: chart.end.kernels[path].value / kernel.value
        for path, kernel in chart.begin.kernels.items()
        if kernel.value and chart.end.kernels[path].value < 0.5 * kernel.value
    }
    if chart.learned or first <= 0 or not shrunk or first < HEAVY * (begin - first):
        return
    smallest = min(shrunk, key=lambda path: shrunk[path])
    seen = Evidence(
        f"of the first loss of {begin:.4g} the penalty is {first:.4g}; {smallest} shrank to "
        f"{shrunk[smallest]:.2g} of its size",
        step=chart.end.index,
        numbers={"penalty": first, "loss": begin, "shrunk": shrunk[smallest]},
    )
    yield Finding(
        cause="over_regularization",
        where=tuple(path.rpartition("/")[0] for path in shrunk),
        evidence=(seen,),
        why="smaller weights lower the sum faster than better ones do",
        fix="a penalty of a hundredth, or none",
        certainty=Certainty.likely,
        treatment=NoPenalty(),
    )
