"""Numbers that grow by a factor, layer by layer or step by step, until they are none."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.core.describe import number
from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.signal import growths, head_factor, way_to
from nnscratch.doctor.treatments import OptimizerArguments
from nnscratch.doctor.wiring import layers_of

BURSTS = 1e3
"""Times what it was at first."""
RISES = 2.0
"""A loss that batches alone do not make: from here on it grows."""
DEEP = 1e3
"""What all layers together multiply before the first step: the depth alone does it."""


def exploding_gradient(chart: Chart) -> Iterator[Finding]:
    """The loss leaves its range, or the gradients do."""
    course = chart.course
    burst = max(rise(course.losses), rise(gradient_sizes(chart)), last_gasp(chart))
    if chart.learned or burst < BURSTS or not chart.diverged:
        return
    began, factor = growth(course.losses)
    there, back = gains(chart)
    yield Finding(
        cause="exploding_gradient",
        where=(where(chart),),
        evidence=(over_steps(chart, began, factor), over_layers(chart, there, back)),
        why="a factor above 1, again and again, passes every number that a float can hold",
        fix="first find what makes it grow: the learning rate, the inputs, the first weights; "
        "clipnorm=1 bounds every step",
        certainty=Certainty.certain if max(there, back) > DEEP else Certainty.likely,
        treatment=OptimizerArguments({"clipnorm": 1.0}),
    )


def gradient_sizes(chart: Chart) -> list[float]:
    """Of all weights together, at the steps that were looked at."""
    return [float(np.linalg.norm(pace.gradient)) for pace in chart.course.paces]


def rise(sizes: list[float]) -> float:
    """The largest of finite numbers in terms of the first."""
    finite = [abs(one) for one in sizes if np.isfinite(one)]
    return max(finite) / finite[0] if finite and finite[0] else 0.0


def last_gasp(chart: Chart) -> float:
    """The largest number before the first that is none, in terms of the largest at first."""
    first = max((entry.largest for entry in chart.begin.activities.values()), default=0.0)
    broke = chart.course.breakdown
    return broke.largest / first if broke is not None and first else 0.0


def gains(chart: Chart) -> tuple[float, float]:
    """How much all layers together multiply the signal, and the gradient, before any step."""
    paths = list(growths(chart))
    if not paths:
        return 0.0, 0.0
    way = way_to(chart, paths[0])
    size = max(numbers.size for numbers in chart.inputs)
    last = chart.begin.activities[way_to(chart, paths[-1]).call]
    return last.rms / size if size else 0.0, way.total / head_factor(way)


def growth(losses: list[float]) -> tuple[int, float]:
    """The last step whose loss was about the first one, and the factor per step from there on."""
    finite = np.abs([loss for loss in losses if np.isfinite(loss)])
    if not len(finite):
        return 0, float("inf")
    peak = int(finite.argmax())
    began = int(np.flatnonzero(finite[: peak + 1] <= RISES * finite[0])[-1])
    steps = max(peak - began, 1)
    return began, float((finite[peak] / max(finite[began], np.finfo(float).tiny)) ** (1 / steps))


def where(chart: Chart) -> str:
    """The first call that put out no numbers, or else the layer that multiplies most at first."""
    broke = chart.course.breakdown
    if broke is not None and broke.call is not None:
        return broke.call
    factors = growths(chart)
    return layers_of([max(factors, key=lambda path: factors[path])])[0] if factors else "loss"


def over_steps(chart: Chart, began: int, factor: float) -> Evidence:
    """How the loss grew, and where it ended."""
    losses, broke = chart.course.losses, chart.course.breakdown
    fate = f"it ends at {losses[-1]:.4g}"
    if broke is not None:
        whose = "the loss" if broke.call is None else f"the output of {broke.call}"
        fate = f"at step {broke.index} {whose} is no number, after {number(broke.largest)}"
    grows = f", {factor:.3g} times per step" if factor > 1 else ""
    return Evidence(
        f"the loss grows from step {began} on{grows}, where it was {losses[began]:.4g}; the "
        f"gradient grew {number(rise(gradient_sizes(chart)))} times; {fate}",
        step=began,
        numbers={"began": began, "factor": factor},
    )


def over_layers(chart: Chart, there: float, back: float) -> Evidence:
    """How much the layers multiply before the first step."""
    factors = [f"{layers_of([path])[0]} {factor:.3g}" for path, factor in growths(chart).items()]
    return Evidence(
        f"outputs against inputs of each layer with weights: {', '.join(factors)}; from the inputs "
        f"to the last layer's outputs numbers grow {number(there)} times, and the gradient on its "
        f"way back {number(back)} times",
        step=chart.begin.index,
        numbers={"there": there, "back": back},
    )
