"""Labels that are not those of their rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.treatments import OneBatch, ShuffledLabels
from nnscratch.doctor.unrelated import unrelated


def bad_labels(chart: Chart) -> Iterator[Finding]:
    """All one, or as if they were shuffled."""
    classes = chart.task.classes
    answers = chart.task.target if classes is None else classes
    if not np.ptp(answers, axis=0).any():
        yield constant(chart, "value" if classes is None else "class", answers.reshape(-1)[0])
        return
    verdict = unrelated(chart)
    certainty = None if verdict is None else verdict.certainty_of("bad_labels")
    if verdict is None or certainty is None:
        return
    yield Finding(
        cause="bad_labels",
        where=("data.y",),
        evidence=verdict.evidence,
        why="rows that look alike have no more alike targets than any two: they were shuffled, or "
        "belong to other rows. Rows that know nothing of their targets to begin with (no_signal) "
        "look the same, unless validation rows know theirs",
        fix="shuffle x and y together, with one permutation; look at some rows and their labels",
        certainty=certainty,
        twins=(ShuffledLabels(), OneBatch()),
    )


def constant(chart: Chart, what: str, label: float) -> Finding:
    """Only one answer is ever right."""
    seen = Evidence(f"all {len(chart.rows)} training rows are of {what} {label:g}")
    return Finding(
        cause="bad_labels",
        where=("data.y",),
        evidence=(seen,),
        why="a single answer is learned at once and says nothing of the inputs",
        fix="look at how the labels were made: were they scaled, cast or overwritten?",
        certainty=Certainty.certain,
    )
