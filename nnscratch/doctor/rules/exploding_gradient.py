"""Numbers that grow by a factor, layer by layer or step by step, until they are none."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.core.describe import number
from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.signal import growths
from nnscratch.doctor.treatments import OptimizerArguments
from nnscratch.doctor.wiring import layers_of

BURSTS = 1e3
"""Times what it was at first."""
RISES = 2.0
"""A loss that batches alone do not make: from here on it grows."""
DEEP = 1e3
"""Product of the layers' factors before the first step: the depth alone does it."""


def exploding_gradient(chart: Chart) -> Iterator[Finding]:
    """The loss leaves its range, or the gradients do."""
    course = chart.course
    burst = max(rise(course.losses), rise(gradient_sizes(chart)))
    if chart.learned or burst < BURSTS or not chart.diverged:
        return
    began, factor = growth(course.losses)
    layers = growths(chart)
    product = float(np.prod([max(one, 1.0) for one in layers.values()]))
    yield Finding(
        cause="exploding_gradient",
        where=(*broken_call(chart), *layers_of(path for path in layers if layers[path] > RISES)),
        evidence=(over_steps(chart, began, factor), over_layers(chart, product)),
        why="a factor above 1, again and again, passes every number that a float can hold",
        fix="first find what makes it grow: the learning rate, the inputs, the first weights; "
        "clipnorm=1 bounds every step",
        certainty=Certainty.certain if product > DEEP else Certainty.likely,
        treatment=OptimizerArguments({"clipnorm": 1.0}),
    )


def gradient_sizes(chart: Chart) -> list[float]:
    """Of all weights together, at the steps that were looked at."""
    return [float(np.linalg.norm(pace.gradient)) for pace in chart.course.paces]


def rise(sizes: list[float]) -> float:
    """The largest of finite numbers in terms of the first."""
    finite = [abs(one) for one in sizes if np.isfinite(one)]
    return max(finite) / finite[0] if finite and finite[0] else 0.0


def growth(losses: list[float]) -> tuple[int, float]:
    """The last step whose loss was about the first one, and the factor per step from there on."""
    finite = np.abs([loss for loss in losses if np.isfinite(loss)])
    if not len(finite):
        return 0, float("inf")
    peak = int(finite.argmax())
    began = int(np.flatnonzero(finite[: peak + 1] <= RISES * finite[0])[-1])
    steps = max(peak - began, 1)
    return began, float((finite[peak] / max(finite[began], np.finfo(float).tiny)) ** (1 / steps))


def broken_call(chart: Chart) -> tuple[str, ...]:
    """The first call that put out no numbers."""
    broke = chart.course.breakdown
    return () if broke is None or broke.call is None else (broke.call,)


def over_steps(chart: Chart, began: int, factor: float) -> Evidence:
    """How the loss grew, and where it ended."""
    losses, broke = chart.course.losses, chart.course.breakdown
    fate = f"it ends at {losses[-1]:.4g}"
    if broke is not None:
        whose = "the loss" if broke.call is None else f"the output of {broke.call}"
        fate = f"at step {broke.index} {whose} is no number, after {number(broke.largest)}"
    return Evidence(
        f"from step {began} on the loss grows {factor:.3g} times per step, from "
        f"{losses[began]:.4g}; the gradient grew {number(rise(gradient_sizes(chart)))} times; "
        f"{fate}",
        step=began,
        numbers={"began": began, "factor": factor},
    )


def over_layers(chart: Chart, product: float) -> Evidence:
    """How much each layer multiplies before the first step."""
    factors = [f"{layers_of([path])[0]} {factor:.3g}" for path, factor in growths(chart).items()]
    return Evidence(
        f"outputs against inputs of each layer with weights: {', '.join(factors)}; the factors "
        f"above 1 make {number(product)} together",
        step=chart.begin.index,
        numbers={"product": product},
    )
