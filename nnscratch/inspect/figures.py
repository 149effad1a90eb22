"""Figures of measurements, as PNG. Needs matplotlib, which is imported when one is drawn.

Figures are drawn on their own canvas: no window opens, and no global state of matplotlib changes.
"""

from __future__ import annotations

import importlib.util
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nnscratch.kernels.ops import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's, which colour-blind readers can tell apart."""
DASHES = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (6, 2, 1, 2)), (0, (3, 1)), (0, (8, 4)))
"""Lines that lie on each other show through each other's gaps."""
DPI = 144
WIDTH = 8.0
"""Inches."""

Series = Sequence[float | None]
"""A number for each step; None where there is none to show."""


@dataclass(frozen=True)
class Panel:
    """One of a figure's charts: some series over the same steps."""

    title: str
    steps: Sequence[int]
    series: Mapping[str, Series]


def available() -> bool:
    """Whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def courses(panels: Sequence[Panel], ylabel: str, base: int = 10) -> bytes:
    """Series over the steps of training, charts of one common scale beside each other.

    Both axes are logarithmic. Steps count from 1 for that: what first values do to learning shows
    in the first steps. Values of exactly 0 lie in a band of their own at the bottom, where they
    cannot be taken for small ones.

    Args:
        panels: the charts.
        ylabel: what all of them show.
        base: of the marks on the vertical axis: 10, or 2 for counts.
    """
    columns = min(2, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure = _figure(rows * 2.4 + 0.7)
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    full = max(panels, key=lambda panel: len(panel.series))
    labels = list(dict.fromkeys([*full.series, *(name for p in panels for name in p.series)]))
    ticks = Ticks.of([v for p in panels for series in p.series.values() for v in series], base)
    handles = {}
    for axis, panel in zip(axes.flat, panels, strict=False):
        for label, series in panel.series.items():
            number = labels.index(label)
            handles[label] = _draw(axis, panel.steps, series, number, ticks.zero)
        _dress(axis, panel.title, ticks)
    for axis in axes.flat[len(panels) :]:
        axis.set_axis_off()
    for axis in axes[:, 0]:
        axis.set_ylabel(ylabel)
    for axis in axes.flat[len(panels) - columns : len(panels)]:
        axis.tick_params(labelbottom=True)
        axis.set_xlabel("step, counted from 1")
    lines = [handles[label] for label in labels]
    figure.legend(lines, labels, loc="outside lower center", ncols=4, frameon=False, handlelength=3)
    return _png(figure)


@dataclass(frozen=True)
class Ticks:
    """The marks of a logarithmic axis that has a place for 0."""

    places: Sequence[float]
    labels: Sequence[str]
    zero: float
    """Where zeros are drawn."""
    zeros: bool
    """Whether there are any."""

    @classmethod
    def of(cls, values: Sequence[float | None], base: int) -> Ticks:
        """Marks for those of some values that are finite numbers."""
        positive = [value for value in values if value and math.isfinite(value)] or [1.0]
        low = math.floor(math.log(min(positive), base))
        high = math.ceil(math.log(max(positive), base))
        powers = range(low, high + 1, max(1, (high - low) // 5))
        labels = [f"${base}^{{{n}}}$" if base == 10 else f"{base**n:g}" for n in powers]
        zero, zeros = float(base) ** (low - 1), 0 in values
        places = [float(base) ** n for n in powers]
        if zeros:
            return cls([zero, *places], ["0", *labels], zero, zeros)
        return cls(places, labels, zero, zeros)


def kernels(rows: Mapping[str, Array]) -> bytes:
    """Filters as images, a row of them for each entry: arrays (kh, kw, filters).

    One scale serves all: white is 0, blue negative, red positive.
    """
    limit = max(float(np.max(np.abs(kernel))) for kernel in rows.values()) or 1.0
    columns = max(kernel.shape[-1] for kernel in rows.values())
    figure = _figure(len(rows) * 0.85 + 0.2)
    axes = figure.subplots(len(rows), columns, squeeze=False)
    image = None
    for line, (label, kernel) in zip(axes, rows.items(), strict=True):
        for number, axis in enumerate(line):
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_color("#bbb")
            if number >= kernel.shape[-1]:
                axis.set_axis_off()
            else:
                image = axis.imshow(kernel[..., number], cmap="RdBu_r", vmin=-limit, vmax=limit)
        line[0].set_ylabel(label, rotation=0, ha="right", va="center")
    assert image is not None
    figure.colorbar(image, ax=axes, shrink=0.8, label="weight")
    return _png(figure)


def _figure(height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH, height), layout="constrained", facecolor="white")


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def _draw(axis: Any, steps: Sequence[int], series: Series, number: int, zero: float) -> Any:
    """One line; the zeros of different series lie beside, not on each other."""
    values = np.array([math.nan if value is None else value for value in series], np.float64)
    (line,) = axis.plot(
        np.asarray(steps) + 1,
        np.where(values == 0, zero * 1.3**number, values),
        color=COLORS[number % len(COLORS)],
        linestyle=DASHES[number % len(DASHES)],
        linewidth=1.8,
    )
    return line


def _dress(axis: Any, title: str, ticks: Ticks) -> None:
    axis.set_title(title, loc="left", fontsize=10)
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_yticks(ticks.places, ticks.labels)
    axis.set_yticks([], minor=True)
    axis.grid(alpha=0.25, lw=0.6)
    if ticks.zeros:
        axis.axhspan(ticks.zero / 3, ticks.zero * 4, color="#eee", lw=0)
        axis.set_ylim(bottom=ticks.zero / 3)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
