"""Answers that tell the classes apart, all of them on one side of the threshold."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.task import Kind
from nnscratch.kernels.ops import Array

SIDE = 0.98
"""Share of the answers on one side; of the classes' shares it must be more than twice as far off
one half, or the answers only say which class there is more of."""
LOWER = 0.95
"""Of the best constant's loss. No answers go below it that do not differ with the classes."""
RANKED = 0.7
"""Share of pairs, one row of each class, in which the yes has the higher answer; 0.5 by chance."""


def answers_beside_threshold(chart: Chart) -> Iterator[Finding]:
    """The loss has fallen where no constant gets it, and the accuracy stands still."""
    if chart.task.kind is not Kind.binary or chart.learned or not np.isfinite(chart.score):
        return
    y, yes = chart.end.y.reshape(-1), chart.seen.target.reshape(-1) > 0.5  # (n,) both
    above, boundary = float(np.mean(y > chart.judge.boundary)), chart.judge.boundary
    lopsided = max(above, 1 - above) >= SIDE and 2 * abs(yes.mean() - 0.5) < abs(above - 0.5)
    if not lopsided or not chart.loss < LOWER * chart.constant_loss:
        return
    ranked = ranking(y, yes)
    if ranked < RANKED:
        return
    seen = Evidence(
        f"the loss is {chart.loss:.4g}, and no constant answer costs less than "
        f"{chart.constant_loss:.4g}: the answers differ with the classes, {ranked:.0%} of the "
        f"pairs are ranked right; but they lie between {y.min():.3g} and {y.max():.3g}, and "
        f"{max(above, 1 - above):.1%} of them on one side of {boundary:g}",
        step=chart.end.index,
        numbers={"loss": chart.loss, "ranked": ranked, "above": above, "boundary": boundary},
    )
    yield Finding(
        cause="answers_beside_threshold",
        where=(chart.head.weights, "metrics"),
        evidence=(seen,),
        why="accuracy only sees on which side of the threshold an answer lies: it stays where it "
        "is while the answers part, and jumps when the threshold comes between them",
        fix="let the last bias begin so that the first answers lie on both sides, or train on: "
        "the loss says that it learns; watch the ranking (AUC) beside the accuracy",
        certainty=Certainty.likely,
    )


def ranking(y: Array, yes: Array) -> float:
    """The share of pairs of a yes and a no of which the yes has the higher answer: the AUC."""
    higher = y[yes][:, None] > y[~yes]  # (yes, no)
    return float(np.mean(higher)) if higher.size else float("nan")
