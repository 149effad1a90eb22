"""Hidden kernels that begin as one number."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Finding
from nnscratch.doctor.rules.unit_kernels import sums
from nnscratch.doctor.treatments import FirstWeights
from nnscratch.doctor.width import width
from nnscratch.doctor.wiring import hidden_kernels, layers_of


def zero_or_constant_init(chart: Chart) -> Iterator[Finding]:
    """Variance 0, with a layer behind: all units of the layer are one."""
    begin = chart.begin.kernels
    widths = [
        width(chart, path)
        for path in hidden_kernels(chart.model)
        if path in chart.course.crowded
        and begin[path].constant is not None
        and not sums(begin[path])
    ]
    still = [one for one in widths if one.last == 1]
    if not widths or (chart.learned and not still):
        return
    zero = any(begin[one.path].constant == 0 for one in widths)
    yield Finding(
        cause="zero_or_constant_init",
        where=layers_of(one.path for one in widths),
        evidence=tuple(one.evidence for one in widths),
        why="equal units that are read by equal weights get equal gradients and stay equal, so "
        "that the layer is one unit wide"
        + ("; weights of 0 let neither signal nor gradient through" if zero else ""),
        fix="random first weights: he_normal before ReLU, glorot_uniform otherwise",
        certainty=Certainty.certain if still else Certainty.likely,
        treatment=FirstWeights(layers_of(one.path for one in widths)),
    )
