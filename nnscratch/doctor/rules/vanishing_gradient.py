"""A gradient that dies on its way to the first layers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.core.describe import number
from nnscratch.doctor.chart import Chart
from nnscratch.doctor.earnings import earnings
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.signal import head_factor, way_to
from nnscratch.doctor.treatments import HiddenActivations
from nnscratch.doctor.wiring import kernel_paths, layers_of
from nnscratch.inspect.gradient_path import GradientPath

DIES = 1e-3
"""Before the first layer has moved by a thousandth of its size, the last has by all of it."""
FADES = 1e-2
LOST = 0.1
"""Share of the gradient at the last layer's output that arrives at the first one's: a smaller one
says that it is the way which takes it, not the inputs that the first kernel reads."""
GONE = DIES**2
"""Share of the loss's gradient that arrives, before any step, of which no bias can make more."""
AWAY = 1.0
"""A weight that has come so far in terms of its own size has left its first value behind ..."""
THERE = 0.1
"""... and one that came no further is still there."""


def vanishing_gradient(chart: Chart) -> Iterator[Finding]:
    """The first kernel's gradient, in terms of its size, against the last one's, all along."""
    paths = [path for path in kernel_paths(chart.model) if path in chart.begin.kernels]
    if len(paths) < 2 or chart.learned:
        return
    first, last = paths[0], paths[-1]
    factor = pull_against(chart, first, last)
    way = way_to(chart, first)
    gone = 0 < way.total < GONE and chart.travel[first] < THERE
    if factor is None or way.total > LOST * head_factor(way) or not (factor <= FADES or gone):
        return
    stays = chart.travel[first] < THERE and chart.travel[last] > AWAY
    seen = Evidence(
        f"gradient against size of weight, typically: {number(factor)} times as much at {first} as "
        f"at {last}; in all steps together they can have come {number(chart.travel[first])} and "
        f"{number(chart.travel[last])} times their size",
        numbers={"factor": factor, "first": chart.travel[first], "last": chart.travel[last]},
    )
    yield Finding(
        cause="vanishing_gradient",
        where=(*killer(way), *layers_of(paths[:-1])),
        evidence=(seen, on_the_way(way, chart.begin.index), *earnings(chart)),
        why="the factors of all calls multiply, and the last layer settles on the best constant "
        "while the first stay as they began",
        fix="ReLU or ELU instead of sigmoid, he_normal, or batch normalisation",
        certainty=Certainty.likely if factor < DIES or stays or gone else Certainty.possible,
        treatment=HiddenActivations("relu"),
    )


def pull_against(chart: Chart, first: str, last: str) -> float | None:
    """|gradient| / |value| of one weight against another's: the median of all looks."""
    pulls = [pace.pulls for pace in chart.course.paces]
    found = [one[first] / one[last] for one in pulls if np.isfinite(one[first]) and one[last] > 0]
    return float(np.median(found)) if found else None


def killer(way: GradientPath) -> tuple[str, ...]:
    """The call that lets least through."""
    return () if way.least is None else (way.label(way.least),)


def on_the_way(way: GradientPath, step: int) -> Evidence:
    """The factor of every call, from the loss on."""
    factors = {way.label(hop): hop.factor for hop in way.hops if hop.role not in ("shape", "noise")}
    chain = " x ".join(f"{name} {number(factor)}" for name, factor in factors.items())
    least = "" if way.least is None else f"; least goes through {way.label(way.least)}"
    return Evidence(
        f"what each call lets through of it on the way back: {chain} = {number(way.total)}{least}",
        step=step,
        numbers=factors | {"total": way.total},
    )
