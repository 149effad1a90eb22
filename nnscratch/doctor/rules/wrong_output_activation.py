"""A last activation that gives what the loss or the targets cannot read."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.task import Kind
from nnscratch.doctor.treatments import LastLayer, probabilities

FEW = 0.02
"""A share of rows without any label that hardly changes what is learned from the others."""


def wrong_output_activation(chart: Chart) -> Iterator[Finding]:
    """Outputs out of the loss's domain, or coupled where the targets are not, or the reverse."""
    yield from beyond(chart)
    yield from coupled(chart)
    yield from uncoupled(chart)


def beyond(chart: Chart) -> Iterator[Finding]:
    """Outputs with a bound, but another one than probabilities have, where those are wanted."""
    head = chart.head
    if head.probabilities or head.unbounded or not chart.judge.wants_probabilities:
        return
    none = float(np.mean((chart.begin.y <= 0) | (chart.begin.y >= 1)))
    seen = Evidence(
        f"{head.call} puts out {head.low:g} to {head.high:g}, the loss reads probabilities; "
        f"{none:.0%} of the first outputs are none",
        step=chart.begin.index,
        numbers={"low": head.low, "high": head.high, "beyond": none},
    )
    yield Finding(
        cause="wrong_output_activation",
        where=(head.call, head.weights),
        evidence=(seen,),
        why="at 0 and below, and above 1, the loss is clipped or without meaning: there the "
        "gradient is 0 or leads away",
        fix='activation="sigmoid" for one yes or no, "softmax" for one of several classes',
        certainty=Certainty.certain,
        treatment=probabilities(chart.task.kind),
    )


def coupled(chart: Chart) -> Iterator[Finding]:
    """A distribution over labels of which several may hold at once."""
    head, task = chart.head, chart.task
    if task.kind is not Kind.labels or not head.sums_to_one or head.units < 2:
        return
    sums = task.target.sum(axis=-1)
    share = float(np.mean(sums != 1))
    if share <= FEW:
        return
    seen = Evidence(
        f"{head.call} gives every row outputs that sum to 1; the targets of {share:.0%} of the "
        f"rows sum to something else, {sums.min():g} to {sums.max():g}",
        numbers={"share": share},
    )
    yield Finding(
        cause="wrong_output_activation",
        where=(head.call, head.weights),
        evidence=(seen,),
        why="with softmax one label's probability takes from the others', so that two labels "
        "can never both be certain, nor none",
        fix='activation="sigmoid" and loss="binary_crossentropy": a yes or no for each label',
        certainty=Certainty.certain,
        treatment=LastLayer("sigmoid", loss="binary_crossentropy"),
    )


def uncoupled(chart: Chart) -> Iterator[Finding]:
    """A probability for each class on its own, in a loss that divides them by their sum."""
    head, task, judge = chart.head, chart.task, chart.judge
    if task.kind is not Kind.classes or head.units < 2 or head.sums_to_one:
        return
    if not head.probabilities or not judge.divides_by_sums:
        return
    seen = Evidence(
        f"{head.call} puts out {head.low:g} to {head.high:g} for each of {head.units} classes, in "
        "sum anything; the loss does not change when all outputs of a row are halved",
        numbers={"units": head.units},
    )
    yield Finding(
        cause="wrong_output_activation",
        where=(head.call, head.weights),
        evidence=(seen,),
        why="the loss heeds only the ratios of a row's outputs, and a sigmoid bounds each of them: "
        "the wrong classes' outputs have to go to 0 where it is flat",
        fix='activation="softmax"',
        certainty=Certainty.possible if chart.mastered else Certainty.likely,
        treatment=LastLayer("softmax"),
    )
