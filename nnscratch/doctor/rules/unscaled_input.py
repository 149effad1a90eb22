"""Inputs of a scale that first weights are not made for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.treatments import StandardisedInput
from nnscratch.doctor.wiring import raw_readers

LARGE = 10.0
SMALL = 0.02
APART = 1000.0
"""Between the widest and the median column."""


def unscaled_input(chart: Chart) -> Iterator[Finding]:
    """Numbers far from 1 that reach weights before any normalisation."""
    readers = raw_readers(chart.model)
    for number, numbers in enumerate(chart.inputs):
        if not readers[number] or numbers.constant:
            continue
        varying = numbers.columns[numbers.columns > 0]
        apart = float(varying.max() / np.median(varying))
        large, small = numbers.size > LARGE, numbers.size < SMALL
        if not (large or small or apart > APART):
            continue
        yield finding(chart, number, readers[number], apart)


def finding(chart: Chart, number: int, readers: tuple[str, ...], apart: float) -> Finding:
    """An input that is too large, too small, or uneven."""
    numbers = chart.inputs[number]
    first = chart.begin.activities[readers[0]].rms
    seen = Evidence(
        f"inputs go from {numbers.low:g} to {numbers.high:g}, their root mean square is "
        f"{numbers.size:.3g}; columns vary by up to {apart:.3g} times the median column; the first "
        f"outputs of {readers[0].removesuffix('#0')} are of size {first:.3g}",
        step=chart.begin.index,
        numbers={"size": numbers.size, "apart": apart, "first": first},
    )
    return Finding(
        cause="unscaled_input",
        where=("data.x", *readers),
        evidence=(seen,),
        why="first weights keep numbers of size 1 at size 1; the gradient of a weight is "
        "proportional to its input, so that one learning rate cannot suit all weights",
        fix="x = (x - x.mean(axis=0)) / x.std(axis=0) with the training rows' mean and std, pixels "
        "/ 255; or begin with nn.BatchNormalization()",
        certainty=Certainty.possible if chart.learned else Certainty.likely,
        treatment=StandardisedInput(number),
    )
