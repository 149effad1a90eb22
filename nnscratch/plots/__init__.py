"""Figures of training, by matplotlib: `pip install 'nnscratch[plot]'`.

Of a training: `curves` of its history; `norms`, `histograms` and `units` of a recorder; `ledger`
and `ledger_course` of a ledger. Of a step: `attenuation`, `kernels` and `feature_maps`. Of your own
numbers: `bars` and `courses`.

Each function returns a matplotlib Figure, which a notebook shows; `figure.savefig("name.png")`
writes it. None of them opens a window or changes matplotlib's global state.
"""

from __future__ import annotations

from nnscratch.plots.bars import Bars, attenuation, bars, ledger
from nnscratch.plots.canvas import PlotError, available, png
from nnscratch.plots.courses import Panel, Series, courses
from nnscratch.plots.histograms import histograms
from nnscratch.plots.images import feature_maps, kernels
from nnscratch.plots.training import curves, ledger_course, norms, units

__all__ = [
    "Bars",
    "Panel",
    "PlotError",
    "Series",
    "attenuation",
    "available",
    "bars",
    "courses",
    "curves",
    "feature_maps",
    "histograms",
    "kernels",
    "ledger",
    "ledger_course",
    "norms",
    "png",
    "units",
]
