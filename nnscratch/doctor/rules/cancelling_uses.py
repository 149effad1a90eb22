"""A shared layer whose uses undo each other's gradients."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.wiring import layers_of

ALL = 0.999
"""Of what the uses pull with: less than a thousandth is left."""


def cancelling_uses(chart: Chart) -> Iterator[Finding]:
    """Every kernel of a shared layer gets next to nothing, though each use pulls."""
    if chart.learned:
        return
    undone = [
        path
        for path in chart.begin.shares
        if path in chart.begin.kernels
        and chart.begin.shares[path].cancellation > ALL
        and not chart.end.shares[path].cancellation <= ALL  # NaN where nothing pulls any more
    ]
    if not undone:
        return
    yield Finding(
        cause="cancelling_uses",
        where=layers_of(undone),
        evidence=tuple(seen(chart, path) for path in undone),
        why="the gradient of a shared weight is the sum over its uses; where what follows takes "
        "the difference of equal outputs, what one use asks for the other asks against",
        fix="see that the uses read different rows, and that what follows does not cancel them",
        certainty=Certainty.likely,
    )


def seen(chart: Chart, path: str) -> Evidence:
    """The share of each use, and their sum."""
    share = chart.begin.shares[path]
    uses = ", ".join(f"{key} {size:.3g}" for key, size in share.norms.items())
    return Evidence(
        f"gradient of {path} by each use: {uses}; their sum is {share.total:.3g}, "
        f"{share.cancellation:.2%} of it cancels",
        step=chart.begin.index,
        numbers={"cancellation": share.cancellation, "total": share.total},
    )
