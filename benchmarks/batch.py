"""How the cost of a training step grows with its rows: over batches of 1, 8, 64 and 512.

What a step costs beside its rows (Python, the update of the weights) is shared by them, so the
cost of a row falls at first. From where it no longer falls it should stay: a row that costs more in
a larger batch would mean that something grows faster than the work.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks import options
from benchmarks.nets import SUBJECTS
from benchmarks.report import Body, screen
from benchmarks.timing import Effort, Times, Work, by_turns
from nnscratch.core.table import Table

NETWORKS = ("LeNet", "siamese", "predicts-the-mean")
BATCHES = (1, 8, 64, 512)
EFFORT = Effort(budget=45.0)
"""For all batches of a network together."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    options.threads(parser)


def run(arguments: argparse.Namespace) -> Body:
    """Measure, print the table, and return it."""
    number = options.set_threads(arguments)
    rows: list[dict[str, Any]] = []
    with screen(len(NETWORKS)) as out:
        for name in NETWORKS:
            out.begin(name)
            rows += measure(name, BATCHES, EFFORT)
            out.end()
    print(table(rows))
    growths = [row["growth"] for row in rows if row["growth"] is not None]
    summary = {"worst_growth": max(growths)}
    return {"machine": {"threads": number}, "rows": rows, "summary": summary}


def measure(name: str, batches: Sequence[int], effort: Effort) -> list[dict[str, Any]]:
    """A row for each batch of a network, which are timed by turns."""
    times = by_turns({str(batch): stepping(name, batch) for batch in batches}, effort)
    return list(rows_of(name, {int(batch): found for batch, found in times.items()}))


def stepping(name: str, batch: int) -> Work:
    """One training step of a network with so many rows, after one that compiled its kernels."""
    subject = SUBJECTS[name].with_batch(batch)
    model = subject.build("numba")
    x, y = subject.rows(1)

    def step() -> object:
        return model.fit(x, y, batch, verbose=0)

    step()
    return step


def rows_of(name: str, times: Mapping[int, Times]) -> Sequence[dict[str, Any]]:
    """What was measured; growth: the cost of a row, against that in the batch before."""
    rows: list[dict[str, Any]] = []
    for batch, found in times.items():
        each = 1e3 * found.median / batch
        growth = each / rows[-1]["row_ms"] if rows else None
        measured = {"step_ms": 1e3 * found.median, "row_ms": each, "growth": growth}
        rows.append({"network": name, "batch": batch, **measured})
    return rows


def table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """A row for each network and batch."""
    return Table(
        "a training step over batches",
        ("network", "batch", "step, ms", "a row, ms", "against the batch before"),
        [
            (
                row["network"] if row["growth"] is None else "",
                str(row["batch"]),
                f"{row['step_ms']:.2f}",
                f"{row['row_ms']:.3f}",
                "" if row["growth"] is None else f"{row['growth']:.2f}",
            )
            for row in rows
        ],
        notes=("Linear: a row costs as much in a larger batch, or less (1 or below).",),
    )
