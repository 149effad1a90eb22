"""Looks as a callback's state: tables that only get new rows, see `nn.Growing`.

Names are listed once. A row of the first tables says by their numbers what it is about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnscratch.inspect.looks import BINS, FACTS, Histogram, Look
from nnscratch.training.growing import Growing

UNKNOWN = -1
"""Stands for a fact that is None."""


def gathered(looks: Sequence[Look]) -> dict[str, Any]:
    """All that some looks hold."""
    numbers: dict[str, int] = {}

    def number(name: str) -> int:
        return numbers.setdefault(name, len(numbers))

    spread = [
        (place, number(name), number(what), histogram)
        for place, look in enumerate(looks)
        for name, own in look.histograms.items()
        for what, histogram in own.items()
    ]
    facts = [
        (place, number(name), fact, UNKNOWN if value is None else value)
        for place, look in enumerate(looks)
        for fact, column in enumerate(FACTS)
        for name, value in getattr(look, column).items()
    ]
    tables = {
        "steps": np.array([look.step for look in looks], np.int64),
        "histograms": np.array([row[:3] for row in spread], np.int64).reshape(-1, 3),
        "ranges": np.array([[row[3].low, row[3].high] for row in spread]).reshape(-1, 2),
        "counts": np.array([row[3].counts for row in spread], np.int64).reshape(-1, BINS),
        "facts": np.array(facts, np.int64).reshape(-1, 4),
    }
    return {"names": list(numbers), **{name: Growing(table) for name, table in tables.items()}}


def scattered(state: Mapping[str, Any]) -> list[Look]:
    """The looks that were gathered."""
    names, tables = state["names"], {n: np.asarray(t) for n, t in state.items() if n != "names"}
    looks = [Look(step) for step in tables["steps"].tolist()]
    ranges, counts = tables["ranges"].tolist(), tables["counts"]
    for (place, name, what), (low, high), row in zip(
        tables["histograms"].tolist(), ranges, counts, strict=True
    ):
        own = looks[place].histograms.setdefault(names[name], {})
        own[names[what]] = Histogram(low, high, row)
    for place, name, fact, value in tables["facts"].tolist():
        getattr(looks[place], FACTS[fact])[names[name]] = None if value == UNKNOWN else value
    return looks
