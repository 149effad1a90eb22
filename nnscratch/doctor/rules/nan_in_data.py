"""Data that are no numbers: whatever is computed from them is none either."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnscratch.doctor.chart import Chart
from nnscratch.doctor.finding import Certainty, Evidence, Finding
from nnscratch.kernels.ops import Array

SHOWN = 5
"""Columns that are listed."""


def nan_in_data(chart: Chart) -> Iterator[Finding]:
    """NaN or Inf in inputs or targets."""
    names = chart.model.graph.input_names.values()
    for name, x in zip(names, chart.rows.inputs, strict=True):
        where = "data.x" if len(names) == 1 else f"data.x[{name!r}]"
        yield from broken(where, chart.model.backend.to_host(x))
    yield from broken("data.y", chart.task.target)


def broken(where: str, rows: Array) -> Iterator[Finding]:
    """The rows (N, ...) that are not finite."""
    lost = ~np.isfinite(rows.reshape(len(rows), -1))  # (N, K)
    if not lost.any():
        return
    hit, columns = np.flatnonzero(lost.any(axis=1)), np.flatnonzero(lost.any(axis=0))
    listed = ", ".join(map(str, columns[:SHOWN])) + (" ..." if len(columns) > SHOWN else "")
    seen = Evidence(
        f"{len(hit)} of {len(rows)} rows hold NaN or Inf, in {len(columns)} of "
        f"{lost.shape[1]} columns ({listed}); the first is row {hit[0]}",
        numbers={"rows": len(hit), "columns": len(columns), "first": int(hit[0])},
    )
    yield Finding(
        cause="nan_in_data",
        where=(where,),
        evidence=(seen,),
        why="what is computed from NaN is NaN: after the first batch with such a row, so are the "
        "loss, the gradients and every weight",
        fix="leave these rows out, x[np.isfinite(x).all(axis=1)], or fill the gaps with the "
        "column's mean before training",
        certainty=Certainty.certain,
    )
