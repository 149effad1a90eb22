"""First weights that let the signal die."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding

SMALL = 0.3
FORGETS = 0.03
"""A share of the inputs' variation that hardly tells one row from the next."""


def weights_too_small(chart: Chart) -> Iterator[Finding]:
    """The signal dies out before the output."""
    small = {path: size for path, size in chart.scales.items() if 0 < size < SMALL}
    kept = chart.kept
    if len(small) < 2 or kept > FORGETS or chart.learned:
        return
    seen = Evidence(
        f"the weights of {len(small)} layers have standard deviations of "
        f"{min(small.values()):.2g} to {max(small.values()):.2g} / sqrt(inputs); of what "
        f"distinguishes one row from another, {kept:.1%} reaches the output",
        step=chart.begin.index,
        numbers={"layers": len(small), "kept": kept},
    )
    yield Finding(
        cause="weights_too_small",
        where=tuple(path.rpartition("/")[0] for path in small),
        evidence=(seen,),
        why="every layer multiplies signal and gradient by a factor far below 1: the outputs are "
        "nearly the same for all rows, and the first layers hardly learn",
        fix="he_normal before ReLU, glorot_uniform otherwise",
        certainty=Certainty.likely,
    )
