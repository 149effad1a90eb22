"""Pictures of a run: bars for each layer, and a roofline.

The roofline is that of Williams, Waterman and Patterson, "Roofline: an insightful visual
performance model", 2009: what does so many operations for a byte can be no faster than the memory
delivers bytes, nor than the processor multiplies. Operations are those of the direct sum, so an
algorithm that does with fewer may lie above.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.conv.row import Row
from benchmarks.report import BenchmarkError, reserve
from nnscratch.plots import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 7.5
"""Inches of the figure."""
BAR = 0.18
"""Inches of a layer's bars."""
ROOFLINE = 3.4
"""Inches of the roofline."""
TITLES = {
    "forward": "forward",
    "input_gradient": "input gradient",
    "kernel_gradient": "kernel gradient",
}


def draw(rows: Sequence[Row], peak: float, bandwidth: float) -> Figure:
    """Bars for each direction, side by side, and below them the roofline.

    Args:
        rows: those that were timed are shown: of "auto", where it took part, else the fastest of
            the algorithms.
        peak: GFLOP/s.
        bandwidth: GB/s.

    Raises:
        BenchmarkError: no row was timed.
        PlotError: matplotlib is not installed.
    """
    best = fastest(rows)
    directions = [d for d in TITLES if any(row.direction == d for row in best)]
    if not directions:
        raise BenchmarkError("--plot: no row was timed, there is nothing to draw")
    compared = any(map(theirs, best))
    names = ["nnscratch", "PyTorch"] if compared else ["nnscratch"]
    layers = len({row.layer for row in best})
    figure = canvas.blank(layers * BAR + 0.6 + ROOFLINE, names)
    figure.set_figwidth(WIDTH)
    mosaic: list[Any] = [directions, ["roofline"] * len(directions)]
    axes = figure.subplot_mosaic(
        mosaic,
        height_ratios=[layers * BAR + 0.6, ROOFLINE],
    )
    for number, direction in enumerate(directions):
        bars(axes[direction], [row for row in best if row.direction == direction], names)
        axes[direction].set_title(TITLES[direction], loc="left", fontsize=canvas.TITLE)
        if number:
            axes[direction].set_yticklabels([])
    roofline(axes["roofline"], best, peak, bandwidth)
    canvas.legend(figure, axes[directions[0]].containers, names)
    return figure


def check(file: Path) -> None:
    """Whether a figure can be written there, before anything is measured for it.

    Raises:
        BenchmarkError: matplotlib does not know such a file.
        OSError: it cannot be written.
        PlotError: matplotlib is not installed.
    """
    known = canvas.blank(1.0).canvas.get_supported_filetypes()
    if file.suffix.removeprefix(".") not in known:
        raise BenchmarkError(f"--plot {file}: its name should end in one of {', '.join(known)}")
    reserve(file)


def fastest(rows: Sequence[Row]) -> list[Row]:
    """One row for each layer and direction that was timed."""
    best: dict[tuple[str, str], Row] = {}
    for row in sorted(rows, key=lambda row: (row.algorithm != "auto", row.median_ms or 0.0)):
        if row.median_ms is not None:
            best.setdefault((row.layer, row.direction), row)
    order = {row.layer: number for number, row in enumerate(rows)}
    return sorted(best.values(), key=lambda row: order[row.layer])


def theirs(row: Row) -> float:
    """PyTorch's GFLOP/s; 0 where it was not measured."""
    if row.gflops is None or row.speedup is None:
        return 0.0
    return row.gflops / row.speedup


def bars(axis: Axes, rows: Sequence[Row], names: Sequence[str]) -> None:
    """GFLOP/s of each layer, a bar for each name."""
    series = [[row.gflops or 0.0 for row in rows], list(map(theirs, rows))][: len(names)]
    height = 0.8 / len(names)
    for number, values in enumerate(series):
        places = [place + (number - (len(names) - 1) / 2) * height for place in range(len(rows))]
        axis.barh(places, values, height, **canvas.filling(number))
    canvas.dress(axis, xlabel="GFLOP/s")
    axis.grid(visible=False, axis="y")
    axis.set_yticks(range(len(rows)), [canvas.short(row.layer) for row in rows])
    axis.set_ylim(len(rows) - 0.4, -0.6)


def roofline(axis: Axes, rows: Sequence[Row], peak: float, bandwidth: float) -> None:
    """GFLOP/s over operations per byte, under what memory and processor allow."""
    places = [row.flop_per_byte for row in rows]
    low, high = min(places) / 2, max(places) * 2
    ridge = min(max(peak / bandwidth, low), high)
    roof = [(at, min(peak, at * bandwidth)) for at in (low, ridge, high)]
    axis.plot(*zip(*roof, strict=True), color="black", lw=1)
    for number, values in enumerate([[row.gflops or 0.0 for row in rows], list(map(theirs, rows))]):
        shown = [(at, value) for at, value in zip(places, values, strict=True) if value]
        look: dict[str, Any] = {
            "s": 12,
            "color": canvas.COLORS[number],
            "marker": "os"[number],
            "alpha": 0.7,
        }
        axis.scatter([at for at, _ in shown], [value for _, value in shown], **look)
    axis.set(xscale="log", yscale="log")
    canvas.dress(axis, "roofline", "operations per byte", "GFLOP/s")
