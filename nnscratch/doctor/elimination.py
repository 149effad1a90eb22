"""What is left where a training failed and no rule is sure: the last cause, or the nearest one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.earnings import earnings
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.treatments import OneBatch

PART = 0.1
"""Of the steps: the last of them are compared with those before."""
MARGIN = 3.0
"""Standard errors by which losses must have fallen between the two."""


def by_elimination(chart: Chart, found: Sequence[Finding], looked_for: int) -> list[Finding]:
    """What to say of a training that failed, of which no rule is sure.

    A cause that fits, where no other does, is likely: what else could be was looked for. Of several
    that fit none is. Where nothing fits, the course of the loss says what is nearest.

    Args:
        chart: of the training.
        found: what the rules found.
        looked_for: how many causes they know.
    """
    failed = next(view for view in chart.views() if not view.learned)
    if not found:
        return [nearest(failed)]
    if len({one.cause for one in found}) > 1:
        return list(found)
    seen = Evidence(
        f"the answers have {failed.task.measure} {failed.score:.3g}, where a constant one has "
        f"{failed.task.chance:.3g} and the nearest rows {failed.within_reach:.3g}; of "
        f"{looked_for} causes that were looked for no other fits",
        step=failed.end.index,
        numbers={"score": failed.score, "chance": failed.task.chance},
    )
    return [
        dataclasses.replace(
            one,
            certainty=Certainty.likely,
            evidence=(*one.evidence, seen),
            twins=one.twins or (OneBatch(),),
        )
        for one in found
    ]


def nearest(chart: Chart) -> Finding:
    """The loss still falls, or it has come to rest where the network cannot do better."""
    falling = still_falling(chart)
    first, last = chart.begin.loss, chart.end.loss
    seen = Evidence(
        f"nothing that was looked for explains why the loss went from {first:.4g} to {last:.4g} "
        f"and no further; in its last steps it {'still falls' if falling else 'stands still'}",
        step=chart.end.index,
        numbers={"first": first, "last": last, "falling": float(falling)},
    )
    return Finding(
        cause="too_few_updates" if falling else "capacity",
        where=("optimizer",) if falling else ("training",),
        evidence=(seen, *earnings(chart)),
        why="a loss that falls has not come to rest"
        if falling
        else "a loss that stands still where a gradient is left may be the best that the network "
        "can do, or a place that its steps do not lead out of",
        fix="train for more epochs"
        if falling
        else "more units, or another hidden layer; but first look at the wiring where one batch "
        "cannot be learned by heart",
        certainty=Certainty.possible,
        twins=(OneBatch(),),
    )


def still_falling(chart: Chart) -> bool:
    """Whether the batches' losses of the last steps are below those of as many before."""
    losses = np.asarray(chart.course.losses)
    count = int(PART * len(losses))
    before, last = losses[-2 * count : -count], losses[-count:]
    if count < 2 or not np.isfinite(losses[-2 * count :]).all():
        return False
    error = np.sqrt((before.var() + last.var()) / count)
    return bool(before.mean() - last.mean() > MARGIN * error)
