"""Certain wrong answers that lie where the loss is clipped: they cost much and teach nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.task import Kind
from nnscratch.doctor.treatments import Logits
from nnscratch.kernels.ops import Array


def saturated_softmax_clip(chart: Chart) -> Iterator[Finding]:
    """The certificate: the share of answers on the clip, times its floor, is (nearly) the loss."""
    y, target = chart.end.y.astype(np.float64), chart.seen.target
    truth = wanted(target, y.shape)
    if chart.task.kind is Kind.numbers or truth is None or not np.isfinite(y).all():
        return
    stuck = clipped(chart, y, truth)
    share = float(np.mean(stuck))
    # What these would cost if all others were right, less what being right costs the others.
    right = chart.judge.ask(truth, target).value
    cost = chart.judge.ask(np.where(stuck, y, truth), target).value - (1 - share) * right
    if not share or not cost > chart.constant_loss:
        return
    floor = cost / share
    seen = Evidence(
        f"{share:.1%} of the surveyed answers are wrong, and the gradient of each is exactly 0: "
        f"they cost {share:.3f} x {floor:.4g} = {cost:.4g} of a loss of {chart.loss:.4g}, where "
        f"{floor:.4g} = -ln({np.exp(-floor):.1e}), the clip; the best constant costs "
        f"{chart.constant_loss:.4g}",
        step=chart.end.index,
        numbers={"share": share, "floor": floor, "clipped": cost, "loss": chart.loss},
    )
    yield Finding(
        cause="saturated_softmax_clip",
        where=(chart.head.call, "loss"),
        evidence=(seen,),
        why="beyond the clip the loss is flat: the worst answers cost more than knowing nothing "
        "does, and no step can make them better",
        fix="leave the last activation out, with from_logits=True in the loss; look for what made "
        "the answers so certain: first weights, the inputs' scale, the learning rate",
        certainty=Certainty.likely,
        treatment=Logits(),
    )


def wanted(target: Array, shape: tuple[int, ...]) -> Array | None:
    """The perfect answers, class numbers as one-hot rows; None where targets do not fit."""
    if target.dtype.kind == "i" and target.shape == shape[:-1]:
        return np.eye(shape[-1])[target]
    return target.astype(np.float64) if target.shape == shape else None


def clipped(chart: Chart, y: Array, truth: Array) -> Array:
    """Which entries (n, ..., K) are part of a wrong answer that has no gradient at all.

    Of exclusive classes an answer is a row, else each number of it.
    """
    flat = chart.judge.ask(y, chart.seen.target).gradient == 0
    wrong = np.abs(truth - y) > 0.5
    if chart.task.kind is not Kind.classes:
        return np.asarray(flat & wrong)
    rows = flat.all(axis=-1, keepdims=True) & wrong.any(axis=-1, keepdims=True)
    return np.asarray(np.broadcast_to(rows, y.shape))
