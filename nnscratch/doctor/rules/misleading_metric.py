"""A metric that does not measure the task."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.rules.saturated_softmax_clip import wanted
from nnscratch.doctor.task import Kind
from nnscratch.kernels.ops import Array
from nnscratch.metrics import Metric

CERTAIN = 10.0
"""A logit that no boundary mistakes."""
APART = 0.1
"""Of the way from 0 to 1: the metric tells another story than the task's own score."""


def misleading_metric(chart: Chart) -> Iterator[Finding]:
    """Each metric is asked about perfect answers, the best constant one and those at the end."""
    perfect = best_answers(chart)
    if perfect is None or not np.isfinite(chart.end.y).all():
        return
    constant = np.broadcast_to(perfect.mean(axis=0), perfect.shape)
    for name, number, metric in chart.model.compiled.measures:
        if number == chart.number:
            asked = [ask(chart, metric, y) for y in (perfect, constant, chart.end.y)]
            if np.isfinite(asked).all():
                yield from judged(chart, name, *asked)


def judged(
    chart: Chart, name: str, perfect: float, constant: float, now: float
) -> Iterator[Finding]:
    """What a metric's answers say of it."""
    measure, score = chart.task.measure, chart.score
    error = perfect < APART and constant > perfect  # the less of it, the better
    if error and chart.task.kind is Kind.numbers:
        return
    told = (
        f"{name} gives perfect answers {perfect:.3g}, the best constant one {constant:.3g} and "
        f"those at the end {now:.3g}; their {measure} is {score:.3g}, the constant one's "
        f"{chart.task.chance:.3g}"
    )
    numbers = {"perfect": perfect, "constant": constant, "now": now, "score": score}
    if not np.isclose(perfect, 1, atol=1e-3) and not error:
        why = "even answers without any mistake are hardly ever right by it: it asks another task"
    elif not error and now - score > APART:
        why = "it counts as right what the task does not, so that poor answers look good"
    else:
        return
    yield Finding(
        cause="misleading_metric",
        where=("metrics",),
        evidence=(Evidence(told, step=chart.end.index, numbers=numbers),),
        why=why,
        fix='for numbers "mae" or nn.metrics.R2Score(); for one of several classes '
        '"categorical_accuracy" (one-hot) or "sparse_categorical_accuracy"',
        certainty=Certainty.likely,
    )


def best_answers(chart: Chart) -> Array | None:
    """Answers (n, ..., K) without a mistake; None where targets do not fit the outputs."""
    truth = wanted(chart.seen.target, chart.end.y.shape)
    if truth is not None and chart.judge.boundary == 0 and chart.task.kind is not Kind.numbers:
        return CERTAIN * (2 * truth - 1)
    return truth


def ask(chart: Chart, metric: Metric, y: Array) -> float:
    """What a metric says to answers to the surveyed rows."""
    model = chart.model
    ctx, xp = model.context(training=False), model.backend.xp
    answers, target = xp.asarray(y.astype(model.dtype)), xp.asarray(chart.seen.target)
    return metric.result(metric.update(ctx, metric.init(ctx), answers, target))
