"""A penalty that outweighs what it is added to."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.core.describe import norm
from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.treatments import NoPenalty

HEAVY = 0.5
"""The penalty in terms of the loss that it is added to, or weight decay in terms of the steps."""
SHRUNK = 0.5
"""Weights that halve are on their way to 0: what holds them is weaker than what pulls."""


def over_regularization(chart: Chart) -> Iterator[Finding]:
    """The weights shrink, whatever the data say."""
    first, begin = chart.begin.penalty, chart.begin.loss
    rate = decay(chart)
    shrunk = {
        path: chart.end.kernels[path].value / kernel.value
        for path, kernel in chart.begin.kernels.items()
        if kernel.value and chart.end.kernels[path].value < SHRUNK * kernel.value
    }
    if not shrunk or not (first > 0 or rate > 0):
        return
    if chart.learned and (chart.mastered or not holds_back(chart)):
        return
    smallest = min(shrunk, key=lambda path: shrunk[path])
    step = chart.trained.get(smallest, 0.0)
    if first < HEAVY * (begin - first) and rate < HEAVY * step:
        return
    seen = Evidence(
        f"of the first loss of {begin:.4g} the penalty is {first:.4g}, of the last one of "
        f"{chart.end.loss:.4g} {chart.end.penalty:.4g}; weight decay takes {rate:.2g} of every "
        f"weight in a step, of {step:.2g} that {smallest} moves in all; it shrank to "
        f"{shrunk[smallest]:.2g} of its size",
        step=chart.end.index,
        numbers={"penalty": first, "loss": begin, "decay": rate, "shrunk": shrunk[smallest]},
    )
    yield Finding(
        cause="over_regularization",
        where=tuple(path.rpartition("/")[0] for path in shrunk),
        evidence=(seen,),
        why="smaller weights lower the sum faster than better ones do",
        fix="a penalty of a hundredth, or none",
        certainty=Certainty.likely,
        treatment=NoPenalty(),
    )


def holds_back(chart: Chart) -> bool:
    """Whether the penalty P is half as much as the loss L that it is added to, in the end.

    With P of degree d in the weights, 1 (L1) or 2 (L2), at rest dL / d ln|w| = -d P: weights larger
    by half would take d P / 2 off L, if L went on as it sets out.
    """
    penalty, loss = chart.end.penalty, chart.end.loss
    return bool(penalty >= HEAVY * (loss - penalty) > 0)


def decay(chart: Chart) -> float:
    """The part of the weights that the optimizer takes away in a step, the gradient apart."""
    model, values = chart.model, chart.model.parameters.trained
    ctx = model.context(training=True)
    slices = values.layout.slices
    taken = model.compiled.optimizer.decay(ctx, values.buffer, slices, model.iteration)
    size = norm(values.buffer)
    return 0.0 if taken is None or not size > 0 else norm(taken) / size
