"""Steps so short that all of them together lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Finding
from nnscratch.doctor.unfinished import unfinished


def lr_too_low(chart: Chart) -> Iterator[Finding]:
    """The weights crawl."""
    yield from unfinished(chart, brisk=False)
