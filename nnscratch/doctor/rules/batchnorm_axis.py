"""Batch normalisation over another axis than the channels'."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.moving_moments import MovingMoments
from nnscratch.doctor.treatments import LayerArguments

STILL = 0.1
"""Deviation from row to row, where the normalisation promises 1: 99 % of the variance that it
divides by are then differences between places, the same in every row."""


def batchnorm_axis(chart: Chart) -> Iterator[Finding]:
    """Moments are kept for each row or column of a picture instead of each channel.

    Channels come last, unless the moments of another axis differ more.
    """
    for key, seen in chart.begin.norms.items():
        channels = max(seen.apart, key=lambda axis: (seen.apart[axis], axis))
        mixed = seen.axis != seen.axes - 1 or (seen.varies < STILL and not chart.learned)
        if mixed and channels != seen.axis:
            yield finding(chart, key, seen, channels)


def finding(chart: Chart, key: str, seen: MovingMoments, channels: int) -> Finding:
    """A call that mixes channels."""
    shape = next(n.output.shape for n, k in chart.model.graph.keys.items() if k == key)
    told = Evidence(
        f"the averages of {key} follow the moments of axis {seen.axis} of its input (N, "
        f"{', '.join(map(str, shape))}), which has {shape[seen.axis - 1]} places; those of axis "
        f"{channels}, {shape[channels - 1]} places, differ more: apart they take "
        f"{seen.apart[channels]:.3g} off the mean log variance, those of axis {seen.axis} "
        f"{seen.apart[seen.axis]:.3g}; from row to row its outputs deviate by {seen.varies:.2g}",
        step=chart.begin.index,
        numbers={"axis": seen.axis, "channels": channels, "varies": seen.varies},
    )
    return Finding(
        cause="batchnorm_axis",
        where=(key,),
        evidence=(told,),
        why="what the units of a layer put out is of as many scales as there are units: together "
        "they have no common mean and spread, and places of a picture are no units",
        fix=f"axis={-1 if channels == seen.axes - 1 else channels}: there the channels are",
        certainty=Certainty.likely,
        treatment=LayerArguments((key.partition("#")[0],), {"axis": channels}),
    )
