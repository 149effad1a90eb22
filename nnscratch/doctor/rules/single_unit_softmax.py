"""Softmax over one unit: exp(z) / exp(z) = 1, whatever z is, and so is a normalised loss of it."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding


def single_unit_softmax(chart: Chart) -> Iterator[Finding]:
    """An output that nothing can change."""
    head = chart.head
    if head.units > 1 or not head.constant:
        return
    seen = Evidence(
        f"{head.call} puts out {head.low:g} for every pre-activation that was tried",
        numbers={"output": head.low},
    )
    yield Finding(
        cause="single_unit_softmax",
        where=(head.weights, head.call),
        evidence=(seen,),
        why="a distribution over one unit gives it 1 in all cases, so that its slope is 0 and no "
        "weight before it ever gets a gradient",
        fix='for yes or no use activation="sigmoid" and loss="binary_crossentropy"; for K classes '
        "K units with softmax",
        certainty=Certainty.certain,
    )
