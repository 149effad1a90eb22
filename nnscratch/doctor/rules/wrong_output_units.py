"""More classes than the outputs can tell apart."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.task import Kind, numbered_classes
from nnscratch.doctor.treatments import LastLayer


def wrong_output_units(chart: Chart) -> Iterator[Finding]:
    """One probability for the numbers of several classes."""
    head, judge = chart.head, chart.judge
    classes = numbered_classes(chart.task.target) if chart.task.kind is Kind.numbers else None
    probability = head.probabilities and (judge.wants_probabilities or judge.indifferent)
    if head.units > 1 or classes is None or not probability:
        return
    seen = Evidence(
        f"the targets are {classes} whole numbers from {chart.targets.low:g} to "
        f"{chart.targets.high:g}, each many times over; {head.call} has one output from "
        f"{head.low:g} to {head.high:g}",
        numbers={"classes": classes, "units": head.units},
    )
    yield Finding(
        cause="wrong_output_units",
        where=(head.weights, head.call, "loss"),
        evidence=(seen,),
        why="one probability says yes or no: it has no place for a third class, and the loss of a "
        "label above 1 falls without end as the output goes to 1",
        fix=f'give the last layer {classes} units and activation="softmax", and use '
        'loss="sparse_categorical_crossentropy"',
        certainty=Certainty.certain,
        treatment=LastLayer("softmax", classes, "sparse_categorical_crossentropy"),
    )
