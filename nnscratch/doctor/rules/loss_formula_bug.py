"""A loss, or an activation, that computes something else than its like do."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.judge import ROWS

MANY = 2.0
"""A multiple of the rows' mean that is no rounding."""


def loss_formula_bug(chart: Chart) -> Iterator[Finding]:
    """Sums instead of means, and softmax along the wrong axis."""
    multiple, batch = chart.judge.multiple, min(chart.batch_size, len(chart.rows))
    if multiple > MANY and batch > MANY:
        seen = Evidence(
            f"the loss of {ROWS} rows together is {multiple:.3g} times the mean of their own "
            f"losses; a batch has {batch} rows",
            numbers={"multiple": multiple, "batch": batch},
        )
        yield Finding(
            cause="loss_formula_bug",
            where=("loss",),
            evidence=(seen,),
            why="a sum over the rows multiplies every gradient, and so the learning rate, by "
            "their number",
            fix="take the mean over the rows, or divide the learning rate by the batch's size",
            certainty=Certainty.possible if chart.learned else Certainty.likely,
        )
    if chart.head.mixes_rows:
        seen = Evidence(f"{chart.head.call} answers a row otherwise when it comes alone")
        yield Finding(
            cause="loss_formula_bug",
            where=(chart.head.call,),
            evidence=(seen,),
            why="it normalises along the batch: a row's output says how it compares with other "
            "rows, not with the other classes",
            fix="normalise along the last axis: softmax(x, axis=-1)",
            certainty=Certainty.certain,
        )
