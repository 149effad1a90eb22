"""What all figures have in common: size, colours, fonts, and axes with a place for zeros.

Figures are drawn on their own canvas: no window opens, and no global state of matplotlib changes.
Matplotlib is imported when the first one is drawn.

They are made to be read at a width of 80 mm, and in print without colours: lines differ in their
dashes, bars in their hatches, and images in their lightness.
"""

from __future__ import annotations

import importlib.util
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from nnscratch.core.arguments import instance
from nnscratch.core.errors import NNError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

T = TypeVar("T")

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's, which colour-blind readers can tell apart."""
DASHES = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (6, 2, 1, 2)), (0, (3, 1)), (0, (8, 4)))
"""Lines that lie on each other show through each other's gaps."""
HATCHES = ("", "///", "...", "\\\\\\", "xxx", "|||")
SCALE = "cividis"
"""Of images: from dark to light, equally for all kinds of sight (Nunez et al. 2018)."""
WIDTH = 5.2
"""Inches."""
DPI = 200
TITLE, TEXT = 10, 9
"""Points."""
LABEL, LINE = 26, 60
"""Characters of a name beside a chart, and of one that has a line to itself."""


class PlotError(NNError):
    """A figure that cannot be drawn: there is nothing to show, or no matplotlib."""


def available() -> bool:
    """Whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def require() -> None:
    """Make sure that there is something to draw with.

    Raises:
        PlotError: matplotlib is not installed.
    """
    if not available():
        raise PlotError("nn.plots: matplotlib is not installed; pip install 'nnscratch[plot]'")


def charts(call: str, given: object, kind: type[T]) -> list[T]:
    """The charts that somebody gave to a call.

    Raises:
        ArgumentError: it is something else.
        PlotError: there is none.
    """
    expected = f"a list of nn.plots.{kind.__name__}"
    several = instance(call, given, Sequence, expected)
    found = [instance(call, chart, kind, expected) for chart in several]
    if not found:
        raise PlotError(f"{call}: there is no chart to draw; give {expected}")
    return found


def blank(height: float, labels: Sequence[str] = ()) -> Figure:
    """An empty figure, as wide as all of them.

    Args:
        height: in inches, without the legend.
        labels: what a legend below will name.

    Raises:
        PlotError: matplotlib is not installed.
    """
    require()
    from nnscratch.plots.notebook import NotebookFigure

    if labels:
        height += 0.15 + 0.18 * math.ceil(len(labels) / legend_columns(labels))
    return NotebookFigure(figsize=(WIDTH, height), layout="constrained", facecolor="white")


def png(figure: Figure) -> bytes:
    """A figure as a PNG file.

    Raises:
        ArgumentError: it is no figure.
        PlotError: matplotlib is not installed.
    """
    require()
    from matplotlib.figure import Figure

    instance("png figure", figure, Figure, "a matplotlib Figure, as nn.plots.kernels returns")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def dress(axis: Axes, title: str = "", xlabel: str = "", ylabel: str = "") -> None:
    """Title and labels, a light grid, and no frame but the axes."""
    axis.set_title(title, loc="left", fontsize=TITLE)
    axis.set_xlabel(xlabel, fontsize=TEXT)
    axis.set_ylabel(ylabel, fontsize=TEXT)
    axis.tick_params(which="both", labelsize=TEXT)
    axis.grid(alpha=0.25, lw=0.6)
    axis.set_axisbelow(True)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def count(axis: Axes) -> None:
    """Let the marks below be whole numbers."""
    axis.locator_params(axis="x", integer=True)


def style(number: int) -> dict[str, Any]:
    """How a figure's line of that number looks; 36 of them differ."""
    kinds = len(COLORS)
    return {
        "color": COLORS[number % kinds],
        "linestyle": DASHES[(number + number // kinds) % kinds],
        "linewidth": 1.6,
    }


def filling(number: int) -> dict[str, Any]:
    """How a figure's bar of that kind looks; 6 of them differ, and 30 more by their hatches."""
    kinds = len(COLORS)
    return {
        "facecolor": COLORS[number % kinds],
        "hatch": HATCHES[(number + number // kinds) % kinds],
        "edgecolor": "white",
        "linewidth": 0,
    }


def logarithmic(axis: Axes, which: str, ticks: Ticks) -> None:
    """Make an axis, "x" or "y", logarithmic, with a band for zeros where there are any."""
    axis.set(**{f"{which}scale": "log"})
    part = axis.xaxis if which == "x" else axis.yaxis
    part.set_ticks(ticks.places, ticks.labels)
    part.set_ticks([], minor=True)
    if ticks.zeros:
        band = axis.axvspan if which == "x" else axis.axhspan
        band(*ticks.band, color="#eee", lw=0, zorder=0)
        axis.set(**{f"{which}lim": (ticks.band[0], None)})


def legend(figure: Figure, handles: Sequence[Any], labels: Sequence[str]) -> None:
    """One legend for a whole figure, below it."""
    figure.legend(
        handles,
        [short(label, LINE) for label in labels],
        loc="outside lower center",
        ncols=legend_columns(labels),
        frameon=False,
        fontsize=TEXT,
        handlelength=3,
    )


def legend_columns(labels: Sequence[str]) -> int:
    """As many as the labels leave room for."""
    return max(1, min(4, len(labels), 70 // (max(map(len, labels)) + 8)))


def short(name: str, most: int = LABEL) -> str:
    """A name of so many characters at the most: of a longer one its middle is left out."""
    if len(name) <= most:
        return name
    end = 2 * most // 3
    return f"{name[: most - end - 1]}\N{HORIZONTAL ELLIPSIS}{name[-end:]}"


@dataclass(frozen=True)
class Ticks:
    """The marks of a logarithmic axis that has a place for 0."""

    base: int

    places: Sequence[float]
    labels: Sequence[str]
    zero: float
    """Where zeros are drawn."""
    zeros: bool
    """Whether there are any."""

    @classmethod
    def of(cls, values: Sequence[float | None], base: int) -> Ticks:
        """Marks for those of some values that are finite numbers."""
        positive = [v for v in values if v is not None and 0 < v < math.inf] or [1.0]
        low = math.floor(math.log(min(positive), base))
        high = math.ceil(math.log(max(positive), base))
        low = min(low, high - 2) if 0 in values else low  # so that the zeros' band stays narrow
        powers = range(low, high + 1, max(1, (high - low) // 5))
        labels = [f"${base}^{{{n}}}$" if base == 10 else f"{base**n:g}" for n in powers]
        zero, zeros = float(base) ** (low - 1), 0 in values
        places = [float(base) ** n for n in powers]
        if zeros:
            return cls(base, [zero, *places], ["0", *labels], zero, zeros)
        return cls(base, places, labels, zero, zeros)

    @property
    def band(self) -> tuple[float, float]:
        """The zeros' own part of the axis."""
        return self.zero / math.sqrt(self.base), self.zero * math.sqrt(self.base)

    def beside(self, number: int) -> float:
        """Where the zeros of a figure's line of that number lie: beside those of the others."""
        return self.zero * math.pow(self.base, 0.14 * (number % 6) - 0.3)
