"""Moments that do not describe the data: of too few updates, or of a single row."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.treatments import LayerArguments

LOST = 0.2
"""Of what training took off the loss, in terms of the best constant, the averages lose this."""
FORGOTTEN = 0.05
"""Of its first value: an average that holds less is off because the network moves under it, as
in every training."""
SHIFT = 0.1
"""Standard deviations by which means are off ..."""
SPREAD = 1.2
"""... or a factor of variances: what rows of one set, batch by batch, do not differ by."""


def batchnorm_statistics(chart: Chart) -> Iterator[Finding]:
    """Batches have no moments at all, or their averages lag behind."""
    alone = tuple(key for key, seen in chart.begin.norms.items() if seen.axes == 2)
    if chart.batch_size == 1 and alone:
        yield lone_rows(chart, alone)
    else:
        yield from lagging(chart)


def lone_rows(chart: Chart, calls: tuple[str, ...]) -> Finding:
    """x (1, C): each mean is the row itself, and each variance 0."""
    seen = Evidence(
        f"batches are of 1 row, and what {calls[0]} reads has 1 number per unit and row",
        numbers={"batch": 1},
    )
    return Finding(
        cause="batchnorm_statistics",
        where=calls,
        evidence=(seen,),
        why="less its own mean every row is 0: in training what comes before is forgotten and gets "
        "no gradient, and the averages learn of a variance of 0, by which inference divides",
        fix="batches of 16 rows or more; or layer normalisation, which needs no batch",
        certainty=Certainty.possible if chart.learned else Certainty.certain,
    )


def lagging(chart: Chart) -> Iterator[Finding]:
    """In inference the same rows cost far more than in training, and the averages are off."""
    off = {
        key: seen
        for key, seen in chart.end.norms.items()
        if seen.shift > SHIFT or seen.spread > SPREAD
    }
    trained, quiet = chart.end.loss - chart.end.penalty, chart.end.quiet_loss
    steps = chart.course.steps
    held = {key: (1 - seen.pace) ** steps for key, seen in off.items()}
    settled = all(left < FORGOTTEN for left in held.values())
    if not off or chart.course.broke is not None or (settled and chart.learned):
        return
    if not quiet - trained > LOST * (chart.constant_loss - trained) > 0:
        return
    worst = max(off, key=lambda key: off[key].shift * off[key].spread)
    seen, left = off[worst], held[worst]
    forgotten = -np.log(FORGOTTEN) / max(seen.pace, 1e-9)  # (1 - pace)^steps is e^(-pace steps)
    told = Evidence(
        f"on the same rows the loss is {trained:.4g} with the batch's moments and {quiet:.4g} with "
        f"the moving averages; those of {worst}, {steps} updates old, still hold {left:.0%} of "
        f"their first values: means are off by {seen.shift:.2g} standard deviations, variances by "
        f"a factor of {seen.spread:.2g}",
        step=chart.end.index,
        numbers={"training": trained, "inference": quiet, "updates": steps, "left": left},
    )
    layers = tuple(dict.fromkeys(key.partition("#")[0] for key in off))
    yield Finding(
        cause="batchnorm_statistics",
        where=tuple(off),
        evidence=(told,),
        why=f"with momentum {1 - seen.pace:.3g} an average needs some {forgotten:.0f} updates to "
        "forget that it began at 0 and 1, and the data move while it does",
        fix="a smaller momentum, such as 0.9, or more updates before the model is used",
        certainty=Certainty.likely,
        treatment=LayerArguments(layers, {"momentum": 0.9}),
    )
