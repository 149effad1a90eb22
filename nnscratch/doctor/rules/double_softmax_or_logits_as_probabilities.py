"""Logits where the loss wants probabilities, or probabilities where it wants logits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.head import Head
from nnscratch.doctor.treatments import LastLayer, Treatment, probabilities


def double_softmax_or_logits_as_probabilities(chart: Chart) -> Iterator[Finding]:
    """Softmax not at all, or twice."""
    head = chart.head
    if head.unbounded and chart.judge.wants_probabilities:
        yield logits(chart)
    if head.units > 1 and head.sums_to_one:
        if chart.judge.softens:
            yield twice(chart, "the loss applies softmax to what it reads", LastLayer("linear"))
        elif softens_shares(head):
            yield twice(
                chart, f"each lies from {head.low:g} to {head.high:g}, as softmax of shares"
            )


def softens_shares(head: Head) -> bool:
    """Whether the outputs are softmax of what was shares already.

    Of shares 1, 0, ..., 0 softmax makes e / (e + K - 1) and 1 / (e + K - 1), and of no others
    anything further apart.
    """
    total = np.e + head.units - 1
    return bool(np.allclose((head.low, head.high), np.round((1 / total, np.e / total), 3)))


def logits(chart: Chart) -> Finding:
    """The loss takes the logarithm of any number."""
    y = chart.begin.y
    none = float(np.mean((y <= 0) | (y >= 1)))
    seen = Evidence(
        f"{chart.head.call} ends without an activation: the first outputs go from {y.min():.3g} "
        f"to {y.max():.3g}, {none:.0%} of them are no probabilities, which the loss reads",
        step=chart.begin.index,
        numbers={"low": float(y.min()), "high": float(y.max()), "beyond": none},
    )
    return Finding(
        cause="double_softmax_or_logits_as_probabilities",
        where=(chart.head.call, "loss"),
        evidence=(seen,),
        why="a number below 0 or above 1 has no logarithm or is clipped, where the gradient is 0: "
        "rows with such outputs teach nothing, or NaN",
        fix="from_logits=True in the loss, or softmax (for one yes or no: sigmoid) at the end",
        certainty=Certainty.certain,
        treatment=probabilities(chart.task.kind),
    )


def twice(chart: Chart, how: str, treatment: Treatment | None = None) -> Finding:
    """The loss, or another call, applies a softmax of its own to probabilities."""
    units = chart.head.units
    floor = float(np.log(np.e + units - 1) - 1)
    seen = Evidence(
        f"{chart.head.call} gives rows that sum to 1, and {how}: even certain right answers cost "
        f"ln(e + {units - 1}) - 1 = {floor:.4g}",
        numbers={"floor": floor},
    )
    return Finding(
        cause="double_softmax_or_logits_as_probabilities",
        where=(chart.head.call, "loss"),
        evidence=(seen,),
        why="numbers between 0 and 1 are nearly equal logits, so the loss sees nearly uniform "
        "probabilities and its gradient is small",
        fix="one softmax: leave the last activation out, or from_logits=False",
        certainty=Certainty.certain,
        treatment=treatment,
    )
