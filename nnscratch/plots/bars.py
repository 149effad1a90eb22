"""Bars: who lowered the loss, and what lets how much of the gradient through."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nnscratch.core.arguments import instance
from nnscratch.core.describe import number
from nnscratch.core.tape import labels
from nnscratch.inspect.attenuation import Attenuation
from nnscratch.inspect.gradient_path import GradientPath
from nnscratch.inspect.ledger import Ledger
from nnscratch.plots import canvas, given
from nnscratch.plots.canvas import Ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LONGEST = 16
"""How many parameters a ledger's figure shows one by one."""
BAR = 0.2
"""Inches."""
TITLE: dict[str, Any] = {
    **{"xy": (0.01, 1.0), "xycoords": ("figure fraction", "axes fraction")},
    **{"xytext": (0, 4), "textcoords": "offset points", "fontsize": canvas.TITLE},
}
"""How a chart's title stands: above it, but from the figure's edge on, left of the labels."""
NUMBER: dict[str, Any] = {"va": "center", "fontsize": canvas.TEXT - 1}
"""How the numbers beside bars look."""


@dataclass(frozen=True)
class Bars:
    """One of a figure's charts: a bar for each label, from the top down."""

    title: str
    values: Mapping[str, float | None]
    """None where there is no value, which a dash says."""
    kinds: Mapping[str, str]
    """What sort of thing each label is; kinds differ in colour and hatch."""


def bars(charts: Sequence[Bars], xlabel: str, *, factors: bool = False) -> Figure:
    """Charts of bars below each other, on one scale.

    Args:
        charts: the charts.
        xlabel: what all of them show.
        factors: the scale is logarithmic and bars start at 1. Exact zeros lie in a band of their
            own on the left.

    Raises:
        ArgumentError: something else than charts.
        PlotError: there is no bar to draw, or matplotlib is not installed.
    """
    charts = [chart for chart in canvas.charts("bars", charts, Bars) if chart.values]
    if not charts:
        raise canvas.PlotError("bars: there is no bar to draw, no chart has a value")
    counts = [len(chart.values) for chart in charts]
    kinds = list(dict.fromkeys(kind for chart in charts for kind in chart.kinds.values()))
    figure = canvas.blank(sum(counts) * BAR + len(charts) * 0.3 + 0.4, kinds)
    axes = figure.subplots(len(charts), sharex=True, squeeze=False, height_ratios=counts)[:, 0]
    ticks = Ticks.of([1.0, *(v for chart in charts for v in chart.values.values())], 10)
    origin = 1.0 if factors else 0.0
    handles = {}
    for axis, chart in zip(axes, charts, strict=True):
        for place, (label, value) in enumerate(chart.values.items()):
            kind = chart.kinds[label]
            end = ticks.zero if factors and value == 0 else finite(value, origin)
            look = canvas.filling(kinds.index(kind))
            (handles[kind],) = axis.barh(place, end - origin, 0.7, origin, **look)
            text = "-" if value is None or math.isnan(value) else number(value)
            axis.text(1.02, place, text, transform=axis.get_yaxis_transform(), **NUMBER)
        canvas.dress(axis)
        axis.annotate(canvas.short(chart.title, canvas.LINE), **TITLE)
        axis.grid(visible=False, axis="y")
        axis.set_yticks(range(len(chart.values)), list(map(canvas.short, chart.values)))
        axis.set_ylim(len(chart.values) - 0.4, -0.6)
        if factors:
            canvas.logarithmic(axis, "x", ticks)
        axis.axvline(origin, color="black", lw=0.8)
    axes[-1].set_xlabel(xlabel, fontsize=canvas.TEXT)
    canvas.legend(figure, [handles[kind] for kind in kinds], kinds)
    return figure


def finite(value: float | None, otherwise: float) -> float:
    """The value, where there is one that can be drawn."""
    return otherwise if value is None or not math.isfinite(value) else value


def ledger(book: Ledger) -> Figure:
    """By how much each parameter lowered the losses of the batches, and what the ledger misses.

    Of many parameters the largest are shown one by one.

    Args:
        book: an `nn.Ledger` that `fit` has filled.

    Raises:
        ArgumentError: it is something else.
        PlotError: it is empty, or matplotlib is not installed.
    """
    book = given.ledger("ledger", book)
    entries, kinds = book.entries, {p: g for g, paths in book.members.items() for p in paths}
    order = sorted(entries, key=lambda path: -abs(entries[path]))
    values = {path: -entries[path] for path in order[:LONGEST]}
    if others := order[LONGEST:]:
        values[f"{len(others)} more"] = -sum(entries[path] for path in others)
    if book.gradients > 1:
        values["residual"] = -book.residual
    title = f"what lowered the losses in {len(book.steps)} steps"
    if book.gradients > 1:
        title += f", by {number(-book.real)} in all"
    chart = Bars(title, values, {label: kinds.get(label, label) for label in values})
    return bars([chart], "fall of the batches' losses")


def attenuation(factors: Attenuation | GradientPath) -> Figure:
    """What each call lets through of the gradient, from the loss down.

    Args:
        factors: `nn.attenuation(step)`, or `nn.attenuation(step).path("conv2d")`.

    Raises:
        ArgumentError: it is neither.
        PlotError: matplotlib is not installed.
    """
    expected = "nn.attenuation(step), or its path(name)"
    instance("plots.attenuation factors", factors, (Attenuation, GradientPath), expected)
    if isinstance(factors, GradientPath):
        title = f"from the loss to {factors.names[factors.call]}"
        hops = {factors.label(hop): hop for hop in factors.hops}
    else:
        title, names = "from the loss back to the inputs", labels(factors)
        several = Counter(hop.key for hop in factors.hops)
        hops = {
            names[hop.key]
            + (f", to {names.get(hop.source, hop.source)}" if several[hop.key] > 1 else ""): hop
            for hop in reversed(factors.hops)
        }
    values = {name: hop.factor for name, hop in hops.items()}
    roles: dict[str, str] = {name: hop.role for name, hop in hops.items()}
    if isinstance(factors, GradientPath):
        values["together"], roles["together"] = factors.total, "all of them"
    return bars([Bars(title, values, roles)], "|dL/dx| / |dL/dy|", factors=True)
