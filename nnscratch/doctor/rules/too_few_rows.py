"""Rows that are too few to say anything of others."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding

FEWEST = 3
"""One row is answered by a constant, and any two by a line through them, in any column in which
they differ: that they are answered well does not tell learning from a coincidence."""


def too_few_rows(chart: Chart) -> Iterator[Finding]:
    """One row, or two."""
    rows = len(chart.rows)
    if rows >= FEWEST:
        return
    yield Finding(
        cause="too_few_rows",
        where=("data.x",),
        evidence=(Evidence(f"training rows: {rows}", numbers={"rows": rows}),),
        why="a constant answers one row, and a line through any column two: nothing can be learned "
        "from them, or said of what learns",
        fix="more rows: one for each weight is a start; if there are more, look for what cut them "
        "off (validation_split, a slice, a generator that was read before)",
        certainty=Certainty.certain,
    )
