"""Batch normalisation over another axis than the channels'."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.moving_moments import MovingMoments
from nnscratch.doctor.treatments import LayerArguments


def batchnorm_axis(chart: Chart) -> Iterator[Finding]:
    """Moments are kept for each row or column of a picture instead of each channel."""
    for key, seen in chart.begin.norms.items():
        if seen.axis != seen.axes - 1:
            yield finding(chart, key, seen)


def finding(chart: Chart, key: str, seen: MovingMoments) -> Finding:
    """A call that mixes channels."""
    shape = next(n.output.shape for n, k in chart.model.graph.keys.items() if k == key)
    told = Evidence(
        f"the averages of {key} follow the moments of axis {seen.axis} of its input (N, "
        f"{', '.join(map(str, shape))}), which has {shape[seen.axis - 1]} places; its channels, "
        f"{shape[-1]}, are the last axis",
        step=chart.begin.index,
        numbers={"axis": seen.axis, "channels": seen.axes - 1},
    )
    return Finding(
        cause="batchnorm_axis",
        where=(key,),
        evidence=(told,),
        why="what the units of a layer put out is of as many scales as there are units: together "
        "they have no common mean and spread, and places of a picture are no units",
        fix="axis=-1: channels come last here",
        certainty=Certainty.likely,
        treatment=LayerArguments((key.partition("#")[0],), {"axis": -1}),
    )
