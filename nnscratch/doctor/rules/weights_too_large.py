"""First weights that multiply the signal."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding

LARGE = 3.0
LOUD = 20.0
"""A logit whose softmax or sigmoid is flat ..."""
DEAFENING = 1000.0
"""... and one that takes a training to unlearn."""


def weights_too_large(chart: Chart) -> Iterator[Finding]:
    """Outputs of tens and hundreds before anything was learned."""
    large = {path: size for path, size in chart.scales.items() if size > LARGE}
    loudest = chart.logits
    if not large or loudest < LOUD or chart.inputs_are_large:
        return
    worst = max(large, key=lambda path: large[path])
    seen = Evidence(
        f"the weights of {worst} have a standard deviation of {large[worst]:.3g} / sqrt(inputs) "
        f"where 1 to 1.4 keeps the size of what passes; the first outputs before the last "
        f"activation are up to {loudest:.3g}",
        step=chart.begin.index,
        numbers={"scale": large[worst], "largest": loudest},
    )
    yield Finding(
        cause="weights_too_large",
        where=tuple(path.rpartition("/")[0] for path in large),
        evidence=(seen,),
        why="every layer multiplies the signal by this factor, forward and backward",
        fix="he_normal before ReLU, glorot_uniform otherwise",
        certainty=Certainty.possible if chart.learned and loudest < DEAFENING else Certainty.likely,
    )
