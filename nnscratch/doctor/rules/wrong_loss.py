"""A loss that measures something else than the task."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.task import Kind
from nnscratch.doctor.treatments import LastLayer

NEARLY = 1e-3
"""Nearly 0: less than the share of any class that matters."""


def wrong_loss(chart: Chart) -> Iterator[Finding]:
    """Deaf to the labels, or kind to certain errors."""
    if not chart.judge.heeds_own_labels:
        yield deaf(chart)
    if chart.task.kind is not Kind.classes or not chart.judge.distances:
        return
    if chart.head.units > 1 and chart.head.sums_to_one:
        yield distance(chart)
    elif seeks_medians(chart):
        yield median(chart)


def seeks_medians(chart: Chart) -> bool:
    """Whether answers that are nearly 0 for all rows and classes are still called down.

    The sum over rows of |y - t| is least at their median: of one-hot targets, of which more are
    0 than 1 in each place, that is 0 and not the share of the class. Squares seek the mean.
    """
    nearly = np.full(chart.judge.shape, NEARLY)
    gradient = chart.judge.ask(nearly).gradient.reshape(-1, chart.head.units)  # (n*..., K)
    return bool((gradient.sum(axis=0) > 0).all())


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


def median(chart: Chart) -> Finding:
    """The best constant names no class at all."""
    seen = Evidence(
        f"told 0 of all {chart.head.units} classes for every row, the loss is "
        f"{chart.judge.ask(np.zeros(chart.judge.shape)).value:.4g}, and answers of {NEARLY:g} are "
        f"called down to it; the network's, {chart.loss:.4g}",
        step=chart.end.index,
        numbers={"loss": chart.loss},
    )
    return Finding(
        cause="wrong_loss",
        where=("loss",),
        evidence=(seen,),
        why="each place of one-hot targets is 0 for most rows, and the median, which an absolute "
        "error seeks, is 0 as long as a class is not more likely than not",
        fix='loss="categorical_crossentropy" behind a softmax',
        certainty=Certainty.possible if chart.learned else Certainty.likely,
        treatment=LastLayer("softmax", loss="categorical_crossentropy"),
    )
