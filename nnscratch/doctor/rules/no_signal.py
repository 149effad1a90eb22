"""Inputs that say nothing about the targets."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.treatments import OneBatch, ShuffledLabels
from nnscratch.doctor.unrelated import unrelated


def no_signal(chart: Chart) -> Iterator[Finding]:
    """Neither the simplest learners nor the network know more than the best constant."""
    if all(numbers.constant for numbers in chart.inputs):
        yield one_row(chart)
        return
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


def one_row(chart: Chart) -> Finding:
    """All rows are the same."""
    low, high = min(x.low for x in chart.inputs), max(x.high for x in chart.inputs)
    seen = Evidence(
        f"all {len(chart.rows)} training rows are equal: their numbers go from {low:g} to "
        f"{high:g}, and none differs from row to row",
        numbers={"low": low, "high": high},
    )
    return Finding(
        cause="no_signal",
        where=("data.x",),
        evidence=(seen,),
        why="rows that are equal get equal answers: nothing but the best constant can be learned",
        fix="look at how the inputs were made: were they scaled, cast or overwritten?",
        certainty=Certainty.certain,
    )
