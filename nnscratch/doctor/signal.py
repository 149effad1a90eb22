"""Signal: what becomes of inputs and gradients on their way through the layers, at first."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.survey import Activity
from nnscratch.inspect.gradient_path import GradientPath


def growths(chart: Chart) -> Mapping[str, float]:
    """By kernel, the size of its first call's outputs against that of its inputs.

    It is `Kernel.gain` where inputs have nothing to do with each other, and more where weights
    and inputs have means, which add up: n weights of 1 make n of n ones.
    """
    return {path: one.rms / came for path, (one, came, _) in passages(chart).items() if came}


def retentions(chart: Chart) -> Mapping[str, float]:
    """By kernel, how much rows differ behind its first call against how much before."""
    return {path: one.varies / came for path, (one, _, came) in passages(chart).items() if came}


def passages(chart: Chart) -> Mapping[str, tuple[Activity, float, float]]:
    """By kernel: what its first call puts out, and size and variation of what that reads."""
    activities, found = chart.begin.activities, {}
    for hop in chart.begin.attenuation.hops:
        path = f"{hop.key.partition('#')[0]}/kernel"
        if path in chart.begin.kernels and path not in found:
            found[path] = (activities[hop.key], *arriving(chart, hop.source))
    return found


def arriving(chart: Chart, source: str) -> tuple[float, float]:
    """Size and variation of what comes from a call or an input."""
    if source in chart.begin.activities:
        entry = chart.begin.activities[source]
        return entry.rms, entry.varies
    names = list(chart.model.graph.input_names.values())
    numbers = chart.inputs[names.index(source)]
    return numbers.size, float(np.mean(numbers.columns))


def way_to(chart: Chart, path: str) -> GradientPath:
    """The way of the gradient to the first call of a kernel's layer, before any step."""
    layer = path.rpartition("/")[0]
    key = next(key for key in chart.begin.activities if key.partition("#")[0] == layer)
    return chart.begin.attenuation.path(key)


def head_factor(way: GradientPath) -> float:
    """What an activation at the very end lets through, which all layers share."""
    head = way.hops[0] if way.hops else None
    return head.factor if head is not None and head.role == "activation" else 1.0
