"""Dropout, or noise, that leaves too little, or stands where nothing comes after it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.survey import Activity
from nnscratch.doctor.treatments import LayerArguments
from nnscratch.doctor.wiring import noise_behind

LOUD = 0.25
"""Noise of this part of the signal's power: half of its size."""
HEARD = 0.05
"""Noise of less than this part is no reason for anything."""
SOFT = 0.1
"""Noise of this part of the signal's size is not too loud."""


def dropout_misuse(chart: Chart) -> Iterator[Finding]:
    """Noise in the outputs themselves; or more of it than a layer's units can average out."""
    noisy = {
        key: loudness(entry)
        for key, entry in chart.end.activities.items()
        if entry.role == "noise" and entry.noise > 0
    }
    last = noise_behind(chart.model, chart.term.output)
    if last in noisy:
        yield finding(chart, {last: noisy[last]}, "nothing comes after it that could average")
    elif noisy and too_loud(chart, sum(noisy.values())):
        worst = max(noisy, key=lambda key: noisy[key])
        yield finding(chart, {worst: noisy[worst]}, "what comes after it sees mostly noise")


def loudness(entry: Activity) -> float:
    """Noise against signal in a mean of a layer's living units, which each get noise of their own.

    Of n units that are dropped with probability p and else divided by 1 - p it is p / (1 - p) / n.
    """
    return entry.noise / max(entry.units - entry.silent, 1)


def too_loud(chart: Chart, noise: float) -> bool:
    """Whether training is spoilt by noise: nothing was learned, or it cannot be used in training.

    The noise of several calls adds up. Where batches are normalised, the loss in training differs
    from that in inference for another reason.
    """
    if chart.course.broke is not None:
        return False
    if not chart.learned:
        return noise > LOUD
    trained = chart.end.loss - chart.end.penalty
    spoilt = trained >= chart.constant_loss > chart.end.quiet_loss
    return noise > HEARD and spoilt and not chart.end.norms


def finding(chart: Chart, noisy: Mapping[str, float], effect: str) -> Finding:
    """The call, and what it does to the loss."""
    ((key, noise),) = noisy.items()
    entry, trained = chart.end.activities[key], chart.end.loss - chart.end.penalty
    fix, arguments = repair(entry)
    seen = Evidence(
        f"{key} {deed(entry)}: noise of {noise:.2g} times the power of their mean; on the same "
        f"rows the loss is {trained:.4g} with it and {chart.end.quiet_loss:.4g} without; the best "
        f"constant costs {chart.constant_loss:.4g}",
        step=chart.end.index,
        numbers={"noise": noise, "training": trained, "inference": chart.end.quiet_loss},
    )
    return Finding(
        cause="dropout_misuse",
        where=(key.partition("#")[0],),
        evidence=(seen,),
        why=f"{effect}: the gradient teaches the network to bear the noise, not to answer",
        fix=f"{fix}, and none behind the last layer",
        certainty=Certainty.likely,
        treatment=LayerArguments((key.partition("#")[0],), arguments),
    )


def deed(entry: Activity) -> str:
    """What a call of noise does to its units."""
    if entry.silences:
        rate = entry.noise / (1 + entry.noise)
        return f"silences {rate:.0%} of {entry.units} units, {entry.silent} of which never fire"
    return f"adds {entry.noise:.2g} times their power to {entry.units} units"


def repair(entry: Activity) -> tuple[str, dict[str, float]]:
    """How a layer would disturb less: in words, and by its arguments."""
    if entry.silences:
        return "a rate of 0.2 to 0.5, behind layers of many units", {"rate": 0.2}
    size = float(f"{SOFT * entry.rms / math.sqrt(1 + entry.noise):.1g}")  # the signal's, rounded
    return f"noise of a tenth of what it is added to, stddev={size:g}", {"stddev": size}
