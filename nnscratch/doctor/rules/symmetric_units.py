"""Hidden units that begin equal, though their weights are not one number, and stay equal."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Finding
from nnscratch.doctor.treatments import FirstWeights
from nnscratch.doctor.width import Width, width
from nnscratch.doctor.wiring import hidden_kernels, layers_of

COPIES = 0.5
"""Of a layer that is meant to be so wide, at least half is copies of the rest."""


def symmetric_units(chart: Chart) -> Iterator[Finding]:
    """Layers of which several units are one."""
    begin = chart.begin.kernels
    widths = [
        width(chart, path)
        for path in hidden_kernels(chart.model)
        if path in chart.course.crowded and begin[path].constant is None
    ]
    narrow = [one for one in widths if is_narrow(one)]
    single = any(one.last == 1 for one in narrow)
    if not narrow or (chart.learned and not single):
        return
    yield Finding(
        cause="symmetric_units",
        where=layers_of(one.path for one in narrow),
        evidence=tuple(one.evidence for one in narrow),
        why="units that begin equal and are read by equal weights get equal gradients, so that "
        "they stay equal: the layer is only as wide as its units are different",
        fix="random first weights: he_normal before ReLU, glorot_uniform otherwise",
        certainty=Certainty.certain if single else Certainty.likely,
        treatment=FirstWeights(layers_of(one.path for one in narrow)),
    )


def is_narrow(one: Width) -> bool:
    """Whether many units were copies of others before and still are after training."""
    return max(one.first, one.last) <= (1 - COPIES) * one.units
