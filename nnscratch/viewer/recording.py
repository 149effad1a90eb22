"""What a recorder and a ledger know, thinned to what a page can carry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from nnscratch.inspect.ledger import Ledger
from nnscratch.inspect.looks import BINS, Histogram, Look
from nnscratch.inspect.recorder import Recorder
from nnscratch.inspect.series import CALL, WEIGHT
from nnscratch.kernels.ops import STATISTICS, Array
from nnscratch.viewer.packing import packed, single

NUMBERS = 400_000
"""How many statistics a page carries at the most, about 4 bytes each."""
POINTS = 4000
"""How many steps of a recording."""
FIRST = 10
"""Of the steps so many first ones stay: first values show there."""
COURSE = 20_000
"""How many steps of the loss and of each metric."""
LOOKS, DENSITIES = 120, 2_000_000
"""How many looks, and how many densities they have together, a byte each."""
FAINTEST = 1e-4
"""The density, against the peak, below which entries look alike."""


def thinned(steps: Sequence[int], most: int, first: int = 1, wanted: Iterable[int] = ()) -> Array:
    """Places in a list of steps that are shown: evenly many, the first ones and the wanted.

    Args:
        steps: ascending.
        most: how many are shown evenly; of the others, no more either: a page has its bounds.
        first: how many at the beginning are shown beside these ...
        wanted: ... and which others.
    """
    beginning = np.arange(min(first, most, len(steps)))
    kept = np.flatnonzero(np.isin(steps, list(wanted)))
    return np.unique(
        np.concatenate([evenly(len(steps), most), beginning, kept[evenly(len(kept), most)]])
    )


def evenly(count: int, most: int) -> Array:
    """Some of so many places, among them both ends; all, if they are not too many."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)


def room(recorder: Recorder) -> int:
    """For how many steps of a recorder there is room."""
    series = len(CALL) * len(recorder.calls) + len(WEIGHT) * len(recorder.weights)
    return min(POINTS, max(2, NUMBERS // max(1, series * len(STATISTICS))))


def tracks(recorder: Recorder, places: Array) -> dict[str, dict[str, Any]]:
    """By name and quantity the statistics (columns, steps) at some places of a recording."""
    return {
        name: {
            what: packed(single(getattr(recorder[name], what).rows[places].T))
            for what in (CALL if name in recorder.calls else WEIGHT)
        }
        for name in recorder
    }


def looks(taken: Sequence[Look]) -> dict[str, Any]:
    """The histograms of a recorder: of each its ends, and densities on a logarithmic scale."""
    size = max((BINS * sum(map(len, look.histograms.values())) for look in taken), default=1)
    most = min(LOOKS, max(2, DENSITIES // max(1, size)))
    shown = [taken[place] for place in thinned(range(len(taken)), most)]
    names: dict[str, dict[str, None]] = {}
    for look in shown:
        for name, own in look.histograms.items():
            names.setdefault(name, {}).update(dict.fromkeys(own))
    return {
        "steps": [look.step for look in shown],
        "bins": BINS,
        "faintest": FAINTEST,
        "histograms": {
            name: {what: spread([seen(look, name, what) for look in shown]) for what in own}
            for name, own in names.items()
        },
    }


def seen(look: Look, name: str, what: str) -> Histogram:
    """A histogram of a look; one of nothing where the look has none."""
    nothing = Histogram(np.nan, np.nan, np.zeros(BINS, np.int64))
    own: Mapping[str, Histogram] = look.histograms.get(name, {})
    return own.get(what, nothing)


def spread(parts: Sequence[Histogram]) -> dict[str, Any]:
    """Ends (looks, 2) and densities (looks, bins) of histograms.

    A density is 0 where there is no entry, else 1 at the faintest to 255 at the peak.
    """
    counts = np.array([part.counts for part in parts], np.float64)  # (looks, bins)
    peaks = np.maximum(counts.max(axis=1, keepdims=True), 1)  # (looks, 1)
    depth = np.log(np.maximum(counts / peaks, FAINTEST)) / np.log(FAINTEST)  # 0 at the peak
    densities = np.where(counts > 0, 1 + np.round(254 * (1 - depth)), 0).astype(np.uint8)
    ends = single(np.array([[part.low, part.high] for part in parts]))
    return {"ends": packed(ends), "densities": packed(densities)}


def booked(ledger: Ledger, steps: Sequence[int]) -> dict[str, Any]:
    """The sums of a ledger so far, behind some steps: (steps,) by parameter, and what was real."""
    places = np.searchsorted(ledger.steps, steps, side="right")

    def sums(name: str) -> dict[str, Any]:
        return packed(single(np.concatenate([[0.0], ledger.course(name)])[places]))

    return {
        "gradients": ledger.gradients,
        "groups": ledger.members,
        "sums": {path: sums(path) for path in ledger.entries},
        "total": sums("total"),
        "real": sums("real"),
    }
