"""Hidden units that begin equal, and so stay equal."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.wiring import kernel_paths


def symmetric_units(chart: Chart) -> Iterator[Finding]:
    """Hidden kernels of one number: all units of the layer are one."""
    hidden = kernel_paths(chart.model)[:-1]
    equal = [path for path in hidden if alike(chart, path)]
    if not equal:
        return
    sizes = [chart.begin.kernels[path].value for path in equal]
    zero = all(size == 0 for size in sizes)
    still = [path for path in equal if chart.end.kernels[path].spread == 0]
    seen = Evidence(
        f"at the beginning all units of {', '.join(equal)} are equal"
        + (" (every weight is 0)" if zero else "")
        + (f"; at the end those of {', '.join(still)} still are" if still else ""),
        step=chart.begin.index,
        numbers={"layers": len(equal), "still": len(still)},
    )
    yield Finding(
        cause="zero_or_constant_init" if zero else "symmetric_units",
        where=tuple(path.rpartition("/")[0] for path in equal),
        evidence=(seen,),
        why="equal units get equal gradients and stay equal, so that the layer is one unit wide"
        + ("; behind weights of 0 nothing of the input is left" if zero else ""),
        fix="random first weights: he_normal before ReLU, glorot_uniform otherwise",
        certainty=Certainty.certain if still or zero else Certainty.likely,
    )


def alike(chart: Chart, path: str) -> bool:
    """Whether the units of a kernel begin equal, and there are several."""
    kernel = chart.begin.kernels.get(path)
    return kernel is not None and kernel.spread == 0 and kernel.units > 1
