"""Weights that are no numbers before the first step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding


def nan_in_weights(chart: Chart) -> Iterator[Finding]:
    """An earlier training, a file or an initializer has left NaN or Inf."""
    first = chart.course.paces[0]
    lost = [path for path, size in zip(first.paths, first.value, strict=True) if bad(size)]
    if not lost:
        return
    yield Finding(
        cause="nan_in_weights",
        where=tuple(lost),
        evidence=(Evidence(f"{', '.join(lost)}: NaN or Inf before the step", step=first.index),),
        why="no step can bring such a weight back, and one is enough to make every output NaN",
        fix="build the model anew, or load weights from before they broke; if an earlier training "
        "broke them, diagnose that one",
        certainty=Certainty.certain,
    )


def bad(size: float) -> bool:
    """Whether a weight of that norm holds something that is no number."""
    return not np.isfinite(size)
