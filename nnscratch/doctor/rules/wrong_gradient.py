"""Updates that do not go down the gradient: the optimizer is asked, as the loss is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.treatments import Descent

STEPS = 200
GROWS = 1.5
"""A gradient that stays the same for twice as many steps asks for steps of the same length; of
every optimizer that forgets, so much more is a sum that never ends."""


def wrong_gradient(chart: Chart) -> Iterator[Finding]:
    """The wrong way, or further at every step."""
    model = chart.model
    optimizer, ctx = model.compiled.optimizer, model.context(training=True)
    params = model.backend.xp.zeros(2, model.dtype)
    gradient = model.backend.from_host(np.asarray([1, -2], model.dtype))
    slots, lengths = optimizer.init(ctx, params), []
    for index in range(STEPS):
        update, slots = optimizer.update(ctx, params, gradient, slots, index)
        host = model.backend.to_host(update).astype(np.float64)
        rate = optimizer.learning_rate_at(index)
        lengths.append(float(np.linalg.norm(host)) / rate if rate else 0.0)
        if index == 0 and host @ [1, -2] > 0:
            yield uphill(chart)
            return
    if lengths[STEPS // 2 - 1] > 0 and lengths[-1] > GROWS * lengths[STEPS // 2 - 1]:
        yield piling_up(lengths)


def uphill(chart: Chart) -> Finding:
    """The sign is wrong."""
    first, last = chart.course.losses[0], chart.course.losses[-1]
    seen = Evidence(
        "asked with the gradient (1, -2), the optimizer's update points along it, not against "
        f"it; in training the loss went from {first:.4g} to {last:.4g}",
        numbers={"first": first, "last": last},
    )
    return Finding(
        cause="wrong_gradient",
        where=("optimizer", "training"),
        evidence=(seen,),
        why="along the gradient the loss rises: this is ascent",
        fix="add the negative gradient: w = w - learning_rate * gradient",
        certainty=Certainty.certain,
        treatment=Descent(turned=True),
    )


def piling_up(lengths: list[float]) -> Finding:
    """Old gradients are never forgotten."""
    half = lengths[STEPS // 2 - 1]
    seen = Evidence(
        f"asked {STEPS} times with one gradient, the optimizer's update is "
        f"{lengths[-1] / half:.3g} times as long at the end as half-way",
        numbers={"first": lengths[0], "half": half, "last": lengths[-1]},
    )
    return Finding(
        cause="wrong_gradient",
        where=("optimizer", "training"),
        evidence=(seen,),
        why="gradients of former steps are added up instead of being cleared or forgotten, so that "
        "each step repeats all before it",
        fix="clear the gradients before every step",
        certainty=Certainty.certain,
        treatment=Descent(forgets=True),
    )
