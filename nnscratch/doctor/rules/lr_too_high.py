"""Steps that overshoot."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.treatments import LearningRate
from nnscratch.doctor.wiring import kernel_paths

LONG = 0.1
"""A step of this part of a weight's own size is a jump."""
WORSE = 2.0
"""A loss that is so many times what it was has not gone down a slope."""


def lr_too_high(chart: Chart) -> Iterator[Finding]:
    """The loss runs away, or one jump ends the learning."""
    course = chart.course
    if course.steps < 2 or chart.learned:
        return
    first, broke = course.losses[0], course.broke
    losses = np.asarray(course.losses[:broke])
    highest = float(losses.max()) if len(losses) else np.inf
    longest, at = longest_step(chart)
    ran_away = broke is not None or highest > WORSE * abs(first)
    if not ran_away or longest < LONG:
        return
    fate = f"is no number from step {broke} on" if broke is not None else f"rose to {highest:.4g}"
    seen = Evidence(
        f"the loss was {first:.4g} and {fate}; at step {at} a weight moved by {longest:.3g} times "
        "its own size",
        step=at,
        numbers={"first": first, "highest": highest, "longest": longest},
    )
    rate = chart.model.compiled.optimizer.learning_rate_at(0)
    yield Finding(
        cause="lr_too_high",
        where=("optimizer",),
        evidence=(seen,),
        why="the gradient says which way is down, not how far: behind the valley the slope is "
        "steeper, and the next step longer still",
        fix=f"a learning rate of {rate / 10:g} or less, or clipnorm=1",
        certainty=Certainty.likely,
        treatment=LearningRate(0.1),
    )


def longest_step(chart: Chart) -> tuple[float, int]:
    """The largest |update| / |value| of a kernel that was seen, and the step.

    Biases begin at 0, and go many times their size in a step that is none too long.
    """
    found = [
        (pace.ratios[path], pace.index)
        for pace in chart.course.paces
        for path in kernel_paths(chart.model)
        if np.isfinite(pace.ratios.get(path, np.nan))
    ]
    return max(found, default=(0.0, 0))
