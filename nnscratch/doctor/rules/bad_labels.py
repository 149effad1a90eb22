"""Labels that have nothing to do with their rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.neighbours import NEAREST

LEAST = 50
"""Rows, of which chance says something."""
MARGIN = 3.0
"""Standard errors by which neighbours must do better than chance."""


def bad_labels(chart: Chart) -> Iterator[Finding]:
    """All of one class, or as if they were shuffled."""
    classes = chart.task.classes
    if classes is None or len(classes) != len(chart.rows):
        return
    if (classes == classes[0]).all():
        yield constant(chart, int(classes[0]))
        return
    if chart.neighbours is None or len(chart.neighbours.rows) < LEAST:
        return
    agreed, expected = chart.neighbours.agreement(classes)
    rows = len(chart.neighbours.rows)
    if agreed < expected + MARGIN * np.sqrt(expected * (1 - expected) / rows):
        yield shuffled(agreed, expected, rows)


def constant(chart: Chart, label: int) -> Finding:
    """Only one class."""
    seen = Evidence(f"all {len(chart.rows)} training rows are of class {label}")
    return Finding(
        cause="bad_labels",
        where=("data.y",),
        evidence=(seen,),
        why="a single answer is learned at once and says nothing of the inputs",
        fix="look at how the labels were made: were they scaled, cast or overwritten?",
        certainty=Certainty.certain,
    )


def shuffled(agreed: float, expected: float, rows: int) -> Finding:
    """The nearest rows know nothing of a row's class."""
    seen = Evidence(
        f"of {rows} rows {agreed:.1%} are of the class that most of their {NEAREST} nearest "
        f"ones are of; without any relation it would be {expected:.1%}",
        numbers={"agreed": agreed, "chance": expected},
    )
    return Finding(
        cause="bad_labels",
        where=("data.y", "data.x"),
        evidence=(seen,),
        why="rows that look alike are of no more alike classes than any: the labels are not those "
        "of the rows, or the inputs tell nothing about them",
        fix="shuffle x and y together, with one permutation; look at some rows and their labels",
        certainty=Certainty.likely,
    )
