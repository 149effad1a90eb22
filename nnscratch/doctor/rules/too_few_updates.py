"""Training that ended before it could have worked."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Finding
from nnscratch.doctor.unfinished import unfinished


def too_few_updates(chart: Chart) -> Iterator[Finding]:
    """The weights set out, but not for long."""
    yield from unfinished(chart, brisk=True)
