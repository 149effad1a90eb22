"""A loss that measures something else than the task."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.task import Kind
from nnscratch.doctor.treatments import LastLayer


def wrong_loss(chart: Chart) -> Iterator[Finding]:
    """Deaf to the labels, or kind to certain errors."""
    if not chart.judge.heeds_own_labels:
        yield deaf(chart)
    exclusive = chart.task.kind is Kind.classes and chart.head.sums_to_one
    if exclusive and chart.head.units > 1 and chart.judge.distances:
        yield distance(chart)


def deaf(chart: Chart) -> Finding:
    """Rows may change their labels."""
    seen = Evidence("the gradient of the loss points the same way when rows swap their labels")
    return Finding(
        cause="wrong_loss",
        where=("loss", "data.y"),
        evidence=(seen,),
        why="every label asks for the same answer, so that the best one is the same for all rows",
        fix='targets that are class numbers want loss="sparse_categorical_crossentropy"; '
        "categorical cross-entropy wants them one-hot: nn.to_categorical(y)",
        certainty=Certainty.certain,
        treatment=LastLayer(loss="sparse_categorical_crossentropy"),
    )


def distance(chart: Chart) -> Finding:
    """The distance of probabilities is bounded, and so is its gradient."""
    seen = Evidence(
        f"{chart.head.call} gives probabilities of {chart.head.units} classes; the loss of a "
        "certain wrong answer is finite without being clipped: a distance"
    )
    return Finding(
        cause="wrong_loss",
        where=("loss",),
        evidence=(seen,),
        why="behind a softmax the gradient of a distance dies with the probability of the right "
        "class, p (1 - p): the surer a mistake is, the less is learned from it",
        fix='loss="categorical_crossentropy"',
        certainty=Certainty.possible if chart.mastered else Certainty.likely,
        treatment=LastLayer(loss="categorical_crossentropy"),
    )
