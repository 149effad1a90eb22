"""How the entries of a weight or an activation are spread, over the steps of a training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nnscratch.inspect.looks import Histogram
from nnscratch.inspect.recorder import Recorder
from nnscratch.kernels.ops import Array
from nnscratch.plots import canvas, given

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

MERGED = 4
"""How many bins of a histogram are drawn as one: small arrays leave many of them empty."""
WIDE = 44
"""Characters of a title that have room beside the colour bar."""
DENSITIES = 1e-3, 1.0
"""The ends of the colours' scale."""


def histograms(recorder: Recorder, name: str) -> Figure:
    """The spread of a weight, its gradient and its update, or of a call's output and its gradient.

    A column for each look of the recorder; the lighter a place, the more entries lie there, on a
    logarithmic scale. An array of a single number is a line. One with a NaN or an infinity leaves
    its column empty.

    Args:
        recorder: an `nn.Recorder` that has looked closer, see its `every`.
        name: a weight's path or a call's key.

    Raises:
        ArgumentError: something else than a recorder.
        PlotError: it has not looked, or matplotlib is not installed.
        NNError, LookupError: there is no look at such a weight or call, see `recorder[name]`.
    """
    looks = given.looks("histograms", recorder)
    key = recorder.full_name(name, dict.fromkeys(own for look in looks for own in look.histograms))
    looks = [look for look in looks if key in look.histograms]
    bounds = columns([look.step for look in looks])
    quantities = list(looks[0].histograms[key])
    figure = canvas.blank(1.5 * len(quantities) + 0.4)
    axes = figure.subplots(len(quantities), sharex=True, squeeze=False)[:, 0]
    for axis, what in zip(axes, quantities, strict=True):
        image = spread(axis, bounds, [look.histograms[key][what] for look in looks])
        quantity = what.replace("_", " ")
        canvas.dress(axis, f"{canvas.short(name, WIDE - len(quantity))}: {quantity}")
    axes[-1].set_xlabel("step", fontsize=canvas.TEXT)
    canvas.count(axes[-1])
    bar = figure.colorbar(image, ax=axes, extend="min", aspect=40)
    bar.set_label("density, its peak in that step = 1", fontsize=canvas.TEXT)
    bar.ax.tick_params(labelsize=canvas.TEXT)
    return figure


def columns(steps: Sequence[int]) -> Array:
    """Where columns begin and end: each reaches to the next look, the last as far as its like."""
    width = steps[-1] - steps[-2] if len(steps) > 1 else 1
    return np.array([*steps, steps[-1] + width], np.float64)


def spread(axis: Axes, bounds: Array, parts: Sequence[Histogram]) -> ScalarMappable:
    """Histograms as columns; returns what a colour bar needs to know of their colours."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm

    norm = LogNorm(*DENSITIES)
    for left, right, part in zip(bounds[:-1], bounds[1:], parts, strict=True):
        edges, counts = part.edges[::MERGED], part.counts.reshape(-1, MERGED).sum(axis=1)
        if np.count_nonzero(part.counts) == 1:
            axis.plot([left, right], [(part.low + part.high) / 2] * 2, "k-", linewidth=2)
        elif counts.any():
            values = np.ma.masked_equal(counts / counts.max(), 0)[:, None]  # (bins, 1)
            axis.pcolormesh([left, right], edges, values, cmap=canvas.SCALE, norm=norm)
    return ScalarMappable(norm, canvas.SCALE)
