"""Targets that the last activation can never reach."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.treatments import LastLayer

FEW = 0.02
"""A share of targets out of reach that does not matter: an end of the range may just be touched."""
MANY = 0.2
"""A share that no slip of a few rows explains."""
LITTLE = 0.05
"""A share of the targets' variance that a good training leaves unexplained anyway."""


def output_range_mismatch(chart: Chart) -> Iterator[Finding]:
    """Numbers, or labels such as -1, outside of what the output can be."""
    head, task = chart.head, chart.task
    if head.constant or task.target.shape[1:] != chart.judge.shape[1:]:
        return
    slack = 1e-3 * (chart.targets.high - chart.targets.low)
    low, high = head.low - slack, head.high + slack
    outside = (task.target < low) | (task.target > high)
    share = float(outside.mean())
    if share <= FEW:
        return
    lost = floor(task.target, head.low, head.high)
    seen = Evidence(
        f"{head.call} puts out {head.low:g} to {head.high:g}; targets go from "
        f"{chart.targets.low:g} to {chart.targets.high:g}, {share:.0%} of them out of reach",
        numbers={"low": head.low, "high": head.high, "outside": share, "lost": lost},
    )
    yield Finding(
        cause="output_range_mismatch",
        where=(head.call, head.weights),
        evidence=(seen,),
        why=f"even the nearest outputs leave {lost:.0%} of the targets' variance unexplained, and "
        "the nearer they come, the flatter the activation is",
        fix="end with a linear layer, or scale the targets into the range of the output",
        certainty=certainty(chart, share, lost),
        treatment=LastLayer("linear"),
    )


def certainty(chart: Chart, share: float, lost: float) -> Certainty:
    """What learns all the same, and may learn nearly everything, is no proof."""
    if chart.learned and lost < LITTLE:
        return Certainty.possible
    return Certainty.certain if share > MANY else Certainty.likely


def floor(target: np.ndarray, low: float, high: float) -> float:
    """The share of the targets' variance that outputs in a range must leave unexplained."""
    nearest = np.clip(target, low, high)
    rest = np.mean(np.square(target - nearest, dtype=np.float64))
    spread = float(np.var(target, dtype=np.float64))
    return float(rest / spread) if spread else 0.0
