"""Numbers over the steps of training, as lines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nnscratch.plots import canvas
from nnscratch.plots.canvas import Ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FEW = 15
"""Points beyond that would hide a line's dashes."""
Series = Sequence[float | None]
"""A number for each step; None where there is none to show."""


@dataclass(frozen=True)
class Panel:
    """One of a figure's charts: some series over the same steps."""

    title: str
    steps: Sequence[int]
    series: Mapping[str, Series]


def courses(panels: Sequence[Panel], ylabel: str, base: int = 10) -> Figure:
    """Series over the steps of training, charts of one common scale beside each other.

    Both axes are logarithmic. Steps count from 1 for that: what first values do to learning shows
    in the first steps. Values of exactly 0 lie in a band of their own at the bottom, where they
    cannot be taken for small ones.

    Args:
        panels: the charts.
        ylabel: what all of them show.
        base: of the marks on the vertical axis: 10, or 2 for counts.

    Raises:
        ArgumentError: something else than charts.
        PlotError: there is no line to draw, or matplotlib is not installed.
    """
    panels = canvas.charts("courses", panels, Panel)
    if not any(panel.series for panel in panels):
        raise canvas.PlotError("courses: there is no line to draw, no chart has a series")
    canvas.require()
    from matplotlib.ticker import LogFormatter

    columns = min(2, len(panels))
    rows = math.ceil(len(panels) / columns)
    full = max(panels, key=lambda panel: len(panel.series))
    labels = list(dict.fromkeys([*full.series, *(name for p in panels for name in p.series)]))
    figure = canvas.blank(rows * 1.75 + 0.3, labels)
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    ticks = Ticks.of([v for p in panels for series in p.series.values() for v in series], base)
    handles = {}
    for axis, panel in zip(axes.flat, panels, strict=False):
        for label, series in panel.series.items():
            number = labels.index(label)
            handles[label] = _draw(axis, panel.steps, series, number, ticks.beside(number))
    for axis, panel in zip(axes.flat, panels, strict=False):  # limits are settled here, for all
        canvas.dress(axis, panel.title)
        axis.set_xscale("log")
        if all(max(p.steps, default=0) < FEW for p in panels):  # their powers of 10 are crowded
            axis.xaxis.set_major_formatter("{x:g}")
            axis.xaxis.set_minor_formatter(LogFormatter())
        canvas.logarithmic(axis, "y", ticks)
    for axis in axes.flat[len(panels) :]:
        axis.set_axis_off()
    for axis in axes.flat[len(panels) - columns : len(panels)]:
        axis.tick_params(labelbottom=True)
        axis.set_xlabel("step, counted from 1", fontsize=canvas.TEXT)
    for axis in axes[:, 0]:
        axis.set_ylabel(ylabel, fontsize=canvas.TEXT)
    canvas.legend(figure, [handles[label] for label in labels], labels)
    return figure


def _draw(axis: Axes, steps: Sequence[int], series: Series, number: int, zero: float) -> Any:
    """One line, which shows its points where there are few of them."""
    values = np.array([math.nan if value is None else value for value in series], np.float64)
    places = np.where(values == 0, zero, values)
    marker = "." if len(values) <= FEW else ""
    (line,) = axis.plot(np.asarray(steps) + 1, places, marker=marker, **canvas.style(number))
    return line
