"""Inputs that say nothing about the targets."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Finding
from nnscratch.doctor.treatments import OneBatch, ShuffledLabels
from nnscratch.doctor.unrelated import unrelated


def no_signal(chart: Chart) -> Iterator[Finding]:
    """Neither the simplest learners nor the network know more than the best constant."""
    verdict = unrelated(chart)
    certainty = None if verdict is None else verdict.certainty_of("no_signal")
    if verdict is None or certainty is None:
        return
    yield Finding(
        cause="no_signal",
        where=("data.x", "data.y"),
        evidence=verdict.evidence,
        why="what is fitted of the training rows is memory: to other rows the best constant answer "
        f"is as good (its loss is {chart.constant_loss:.4g}). Labels that were shuffled "
        "(bad_labels) look the same from here",
        fix="inputs that have to do with the target; check with a linear fit before any network",
        certainty=certainty,
        twins=(ShuffledLabels(), OneBatch()),
    )
