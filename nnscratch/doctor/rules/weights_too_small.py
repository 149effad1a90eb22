"""First weights that let the signal die."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.signal import retentions
from nnscratch.doctor.treatments import FirstWeights
from nnscratch.doctor.wiring import layers_of

SMALL = 0.3
"""With 1 to 1.4 a layer keeps the size of what passes; a random one may fall to a half."""
FORGETS = 0.03
"""What is left of the difference between rows; the rest is the same for all of them."""


def weights_too_small(chart: Chart) -> Iterator[Finding]:
    """Layers whose weights together forget their inputs."""
    kernels = chart.begin.kernels
    small = {
        path: kept
        for path, kept in retentions(chart).items()
        if kernels[path].constant is None and kernels[path].gain < SMALL and kept < SMALL
    }
    kept = math.prod(small.values())
    if kept > FORGETS or chart.learned:
        return
    gains = [kernels[path].gain for path in small]
    seen = Evidence(
        f"the weights of {', '.join(layers_of(small))} have root mean squares of {min(gains):.2g} "
        f"to {max(gains):.2g} / sqrt(inputs), where 1 to 1.4 keeps the size; of what distinguishes "
        f"one row from another they leave {kept:.2g}",
        step=chart.begin.index,
        numbers={"layers": len(small), "kept": kept},
    )
    yield Finding(
        cause="weights_too_small",
        where=layers_of(small),
        evidence=(seen,),
        why="every layer multiplies signal and gradient by a factor far below 1: the outputs are "
        "nearly the same for all rows, and the first layers hardly learn",
        fix="he_normal before ReLU, glorot_uniform otherwise",
        certainty=Certainty.likely,
        treatment=FirstWeights(layers_of(small)),
    )
