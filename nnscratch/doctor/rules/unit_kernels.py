"""Hidden kernels of equal, large weights: every output is the sum of all inputs."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.signal import growths
from nnscratch.doctor.survey import Kernel
from nnscratch.doctor.treatments import FirstWeights
from nnscratch.doctor.width import width
from nnscratch.doctor.wiring import hidden_kernels, layers_of

LARGE = 2.0
"""Even inputs that have nothing to do with each other grow by this factor; equal ones by its
product with sqrt(inputs)."""


def unit_kernels(chart: Chart) -> Iterator[Finding]:
    """The outputs grow with the number of inputs, and are all one."""
    begin = chart.begin.kernels
    paths = [
        path
        for path in hidden_kernels(chart.model)
        if path in chart.course.crowded and sums(begin[path])
    ]
    widths = [width(chart, path) for path in paths]
    still = [one for one in widths if one.last == 1]
    if not paths or (chart.learned and not still):
        return
    grown = growths(chart)
    seen = [growth(path, begin[path], grown[path], chart.begin.index) for path in paths]
    yield Finding(
        cause="unit_kernels",
        where=layers_of(paths),
        evidence=(*seen, *(one.evidence for one in widths)),
        why="a sum of n inputs with equal weights grows with n, where random signs would let "
        "sqrt(n) of it cancel; and units with equal weights are one unit",
        fix="random first weights of variance 1 / inputs: glorot_uniform, or he_normal before ReLU",
        certainty=Certainty.certain if still else Certainty.likely,
        treatment=FirstWeights(layers_of(paths)),
    )


def sums(kernel: Kernel) -> bool:
    """Whether a kernel adds its inputs up, undivided."""
    constant = kernel.constant
    return constant is not None and (abs(constant) >= 1 or kernel.gain > LARGE)


def growth(path: str, kernel: Kernel, factor: float, step: int) -> Evidence:
    """How much larger than its inputs the outputs are."""
    return Evidence(
        f"every weight of {path} is {kernel.constant:g}: its outputs are {factor:.3g} times as "
        "large as its inputs",
        step=step,
        numbers={"weight": kernel.constant or 0.0, "growth": factor},
    )
