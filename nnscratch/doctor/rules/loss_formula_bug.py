"""A loss, or an activation, that computes something else than its like do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.judge import ROWS
from nnscratch.doctor.treatments import LastLayer, LossTimes

MANY = 2.0
"""A multiple of the rows' mean that is no rounding."""


def loss_formula_bug(chart: Chart) -> Iterator[Finding]:
    """Sums instead of means, rows crossed with other rows' labels, softmax along a wrong axis."""
    multiple, batch = chart.judge.multiple, min(chart.batch_size, len(chart.rows))
    if multiple > MANY and batch > MANY:
        yield summed(chart, multiple, batch)
    if not chart.judge.heeds_labels and chart.judge.heeds_own_labels:
        yield crossed()
    if chart.head.mixes_rows:
        yield mixed(chart)
    if np.isfinite(chart.begin.y).all() and not np.isfinite(chart.begin.quiet_loss):
        yield undefined(chart)


def summed(chart: Chart, multiple: float, batch: int) -> Finding:
    """The loss grows with the batch."""
    seen = Evidence(
        f"the gradient of {ROWS} rows together is {multiple:.3g} times the mean of their own "
        f"gradients; a batch has {batch} rows",
        numbers={"multiple": multiple, "batch": batch},
    )
    return Finding(
        cause="loss_formula_bug",
        where=("loss",),
        evidence=(seen,),
        why="a sum over the rows multiplies every gradient, and so the learning rate, by their "
        "number",
        fix="take the mean over the rows, or divide the learning rate by the batch's size",
        certainty=Certainty.possible if chart.learned else Certainty.likely,
        treatment=LossTimes(1 / batch),
    )


def undefined(chart: Chart) -> Finding:
    """There are answers before the first step, but no loss."""
    y = chart.begin.y
    seen = Evidence(
        f"the first answers are numbers, {y.min():.3g} to {y.max():.3g}, and their loss is "
        f"{chart.begin.quiet_loss:g}",
        step=chart.begin.index,
        numbers={"low": float(y.min()), "high": float(y.max())},
    )
    return Finding(
        cause="loss_formula_bug",
        where=("loss",),
        evidence=(seen,),
        why="a logarithm of 0 or less, a root of less than 0 or a division by 0 in the loss: every "
        "gradient of it is NaN, and so is every weight after one step",
        fix="clip what the logarithm reads, np.clip(p, 1e-7, 1), or use one of nn.losses",
        certainty=Certainty.likely,
    )


def crossed() -> Finding:
    """Every row is compared with every row's label."""
    seen = Evidence(
        "a row that comes alone is asked for its own label; in a batch rows may swap their labels "
        "and no gradient changes"
    )
    return Finding(
        cause="loss_formula_bug",
        where=("loss",),
        evidence=(seen,),
        why="predictions (N, 1) less targets (N,) are broadcast to all N x N pairs: every row is "
        "asked for the labels of all, whose best answer is one constant",
        fix="give both the same shape before they are subtracted: y_true.reshape(y_pred.shape)",
        certainty=Certainty.certain,
        treatment=LastLayer(loss="mse"),
    )


def mixed(chart: Chart) -> Finding:
    """A row's output depends on the others."""
    seen = Evidence(f"{chart.head.call} answers a row otherwise when it comes alone")
    return Finding(
        cause="loss_formula_bug",
        where=(chart.head.call,),
        evidence=(seen,),
        why="it normalises along the batch: a row's output says how it compares with other rows, "
        "not with the other classes",
        fix="normalise along the last axis: softmax(x, axis=-1)",
        certainty=Certainty.certain,
        treatment=LastLayer("softmax"),
    )
