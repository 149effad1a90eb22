"""No weight that could repair the output is trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.treatments import Unfrozen


def nothing_trainable(chart: Chart) -> Iterator[Finding]:
    """All is frozen, or all that matters; or no step moves anything."""
    trained, paces = chart.model.parameters.trained, chart.course.paces
    frozen = [path for path, w in chart.model.parameters.frozen.items() if w.ndim > 1]
    still = not any(np.any(pace.update > 0) for pace in paces)
    pulled = any(np.any(pace.gradient > 0) for pace in paces)
    if chart.rows.weights is not None and not chart.model.backend.to_host(chart.rows.weights).any():
        yield unweighted(chart)
    elif not trained and not frozen:
        yield weightless(chart)
    elif not trained:
        yield finding(chart, frozen, "no weight is trained", Certainty.certain)
    elif still and pulled:
        told = "every weight has a gradient, and no step that was looked at moves any"
        yield finding(chart, (), told, Certainty.certain)
    elif still and frozen:
        told = f"the gradient of all that is trained, {', '.join(trained)}, is exactly 0"
        yield finding(chart, frozen, told, Certainty.likely)
    elif frozen and not chart.learned and all(w.ndim < 2 for w in trained.values()):
        told = f"no kernel is trained, only {', '.join(trained)}"
        yield finding(chart, frozen, told, Certainty.likely)


def unweighted(chart: Chart) -> Finding:
    """No row counts."""
    seen = Evidence(f"the sample weights of all {len(chart.rows)} training rows are 0")
    return Finding(
        cause="nothing_trainable",
        where=("training",),
        evidence=(seen,),
        why="each row's loss is multiplied by its weight: the loss of all is 0, and its gradient, "
        "too, whatever the answers are",
        fix="a weight above 0 for the rows to learn from: see sample_weight and class_weight",
        certainty=Certainty.certain,
    )


def weightless(chart: Chart) -> Finding:
    """There is no kernel at all."""
    first, last = chart.course.losses[0], chart.course.losses[-1]
    seen = Evidence(
        f"no layer has a kernel that could be trained; the loss was {first:.4g} at the first step "
        f"and {last:.4g} at the last",
        numbers={"first": first, "last": last},
    )
    return Finding(
        cause="nothing_trainable",
        where=("model",),
        evidence=(seen,),
        why="what a network answers changes only with its weights",
        fix="a layer with weights, such as nn.Dense, in the model",
        certainty=Certainty.certain,
    )


def finding(chart: Chart, frozen: Sequence[str], told: str, certainty: Certainty) -> Finding:
    """That training cannot help: because of frozen kernels, else because of the optimizer."""
    first, last = chart.course.losses[0], chart.course.losses[-1]
    rate = chart.model.compiled.optimizer.learning_rate_at(0)
    behind = f"; frozen are {', '.join(frozen)}" if frozen else f"; the learning rate is {rate:g}"
    seen = Evidence(
        f"{told}{behind}; the loss was {first:.4g} at the first step and {last:.4g} at the last",
        numbers={"first": first, "last": last, "frozen": len(frozen), "rate": rate},
    )
    return Finding(
        cause="nothing_trainable",
        where=tuple(path.rpartition("/")[0] for path in frozen) or ("optimizer",),
        evidence=(seen,),
        why="answers differ from row to row by what kernels make of the inputs, and none of these "
        "kernels ever changes",
        fix="model.unfreeze(...), or trainable=True, for the last layers at least"
        if frozen
        else "a learning rate above 0",
        certainty=certainty,
        treatment=Unfrozen() if frozen else None,
    )
