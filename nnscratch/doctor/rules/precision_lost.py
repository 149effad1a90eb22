"""Gradients so small that the optimizer's epsilon outweighs them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.treatments import OptimizerArguments

STEPS = 500
"""Of one gradient, no more than training took: first values of averages are forgotten then."""
HUGE, HUGER = 1e6, 1e9
"""Gradients beside which no epsilon counts, and whose squares float32 still holds."""
SAME = 0.01
"""Two updates that differ by less do not hang on the gradient's size."""
LOST = 0.1
"""Of the step that the learning rate promises."""


def precision_lost(chart: Chart) -> Iterator[Finding]:
    """An optimizer whose steps should not hang on the gradient's size, but do at this one.

    The weight with the largest gradient is asked about. Where only those far from the loss are too
    small, they became so on the way: that is a vanishing gradient, and no matter of epsilon.
    """
    sizes = entry_sizes(chart)
    if chart.learned or not sizes:
        return
    usual = asked(chart, HUGE)
    if not usual or abs(asked(chart, HUGER) / usual - 1) > SAME:
        return
    largest = max(sizes.values())
    share = asked(chart, largest) / usual
    if share > LOST:
        return
    seen = Evidence(
        f"the optimizer's steps are the same for gradients of {HUGE:g} and of {HUGER:g}, but for "
        f"numbers of {largest:.2g}, the largest that a weight has here, they are {share:.2g} "
        "times as long",
        step=chart.begin.index,
        numbers={"gradient": largest, "share": share},
    )
    yield Finding(
        cause="precision_lost",
        where=("optimizer",),
        evidence=(seen,),
        why="it divides by sqrt(v) + epsilon: below epsilon the division no longer makes up for "
        "a small gradient, and steps shrink with it",
        fix=f"epsilon={largest / 100:.0e} in the optimizer, or a loss without a tiny factor",
        certainty=Certainty.certain,
        treatment=OptimizerArguments({"epsilon": largest / 100}),
    )


def entry_sizes(chart: Chart) -> dict[str, float]:
    """By weight, root mean square of its gradient's entries: the median of all looks."""
    paces = chart.course.paces
    if not paces:
        return {}
    counts = np.array([chart.model.params[path].size for path in paces[0].paths])
    sizes = np.stack([pace.gradient for pace in paces]) / np.sqrt(counts)  # (looks, weights)
    typical = np.median(sizes, axis=0)
    return {
        path: float(size)
        for path, size in zip(paces[0].paths, typical, strict=True)
        if np.isfinite(size) and size > 0
    }


def asked(chart: Chart, size: float) -> float:
    """How long the optimizer's update is after some steps of one gradient of a size."""
    model = chart.model
    optimizer, ctx = model.compiled.optimizer, model.context(training=True)
    params = model.backend.xp.zeros(1, model.dtype)
    slots, update = optimizer.init(ctx, params), params
    for index in range(min(STEPS, chart.course.steps)):
        gradient = params + model.dtype.type(size)
        update, slots = optimizer.update(ctx, params, gradient, slots, index)
    return float(np.abs(model.backend.to_host(update)[0]))
