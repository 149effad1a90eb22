"""Softmax over one unit: exp(z) / exp(z) = 1, whatever z is, and so is a normalised loss of it."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.task import Kind, numbered_classes
from nnscratch.doctor.treatments import LastLayer


def single_unit_softmax(chart: Chart) -> Iterator[Finding]:
    """An output that nothing can change, or a loss that none can."""
    head, judge = chart.head, chart.judge
    if head.units > 1:
        return
    if head.constant:
        yield finding(chart, f"{head.call} puts out {head.low:g} for every pre-activation tried")
    elif head.unbounded and judge.indifferent:
        yield finding(chart, f"whatever the one output of {head.call} is, the loss's gradient is 0")


def finding(chart: Chart, seen: str) -> Finding:
    """What was seen, and why it is so."""
    return Finding(
        cause="single_unit_softmax",
        where=(chart.head.weights, chart.head.call),
        evidence=(Evidence(seen),),
        why="a distribution over one unit gives it 1 in all cases, so that its slope is 0 and no "
        "weight before it ever gets a gradient",
        fix='for yes or no use activation="sigmoid" and loss="binary_crossentropy"; for K classes '
        "K units with softmax",
        certainty=Certainty.certain,
        treatment=treatment(chart),
    )


def treatment(chart: Chart) -> LastLayer | None:
    """An end that fits the targets; for the names of classes one unit is not enough."""
    if chart.task.kind is Kind.binary:
        return LastLayer("sigmoid", loss="binary_crossentropy")
    classes = numbered_classes(chart.task.target)
    if chart.task.kind is not Kind.numbers or classes is None:
        return None
    return LastLayer("softmax", classes, "sparse_categorical_crossentropy")
