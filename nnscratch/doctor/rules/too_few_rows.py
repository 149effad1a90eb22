"""Rows that are too few to say anything of others."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.doctor.relation import signal_of
from nnscratch.doctor.unrelated import LEAST, PROOF

FEWEST = 3
"""One row is answered by a constant, and any two by a line through them, in any column in which
they differ: that they are answered well does not tell learning from a coincidence."""


def too_few_rows(chart: Chart) -> Iterator[Finding]:
    """One row, or two; or so few that any labels would fit them, and these say little of others."""
    rows = len(chart.rows)
    if rows < FEWEST:
        yield hardly_any(rows)
    elif rows < LEAST:
        yield from by_heart(chart)


def by_heart(chart: Chart) -> Iterator[Finding]:
    """Rows that are fitted whatever their labels are, while others know more of each other.

    n rows of D columns in general position take any labels from a linear map as long as
    n <= D + 1 (Cover 1965, "Geometrical and statistical properties of systems of linear
    inequalities").
    """
    held, rows = chart.held_out, len(chart.rows)
    columns = sum(x[0].size for x in chart.rows.inputs)
    if held is None or len(held.y) < LEAST or rows > columns + 1 or not chart.learned:
        return
    own = signal_of(held.inputs, held.task)
    if own is None or not own.r > PROOF * own.error:
        return
    reach, chance = held.as_neighbours, held.task.chance
    score = held.task.score(held.y, chart.judge.boundary)
    if reach is None or not score < (chance + reach) / 2:
        return
    seen = Evidence(
        f"{rows} training rows of {columns} columns: a linear map gives any labels to those. On "
        f"them {held.task.measure} is {chart.score:.3g}, on validation rows {score:.3g}, where "
        f"answering each as the nearest others do has {reach:.3g} and a constant {chance:.3g}",
        step=chart.end.index,
        numbers={"rows": rows, "columns": columns, "validation": score, "reach": reach},
    )
    yield Finding(
        cause="too_few_rows",
        where=("data.x",),
        evidence=(seen,),
        why="rows that would fit any labels do not tell a rule from a coincidence; that there is a "
        "rule, the validation rows show",
        fix="more rows than columns; if there are more, look for what cut them off "
        "(validation_split, a slice); or fewer columns",
        certainty=Certainty.likely,
    )


def hardly_any(rows: int) -> Finding:
    """Nothing can be said of what learns from these."""
    return Finding(
        cause="too_few_rows",
        where=("data.x",),
        evidence=(Evidence(f"training rows: {rows}", numbers={"rows": rows}),),
        why="a constant answers one row, and a line through any column two: nothing can be learned "
        "from them, or said of what learns",
        fix="more rows: one for each weight is a start; if there are more, look for what cut them "
        "off (validation_split, a slice, a generator that was read before)",
        certainty=Certainty.certain,
    )
