"""The figures of the study resnet-plateau."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from nnscratch import plots
from nnscratch.plots import canvas
from nnscratch.studies.resnet_plateau import readings as read
from nnscratch.studies.study import Figure, Measurements, Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing
    from matplotlib.lines import Line2D

LINES = {
    "training": "accuracy",
    "training rows, inferred": "seen_accuracy",
    "validation": "val_accuracy",
    "validation, own statistics": "batch_accuracy",
}
"""What a chart of accuracies shows: label -> log."""
DIVISORS = {
    "the first batch norm": "stem_divisor_gain",
    "the others": "inner_divisor_gain",
}
"""What a chart of divisors shows: label -> log."""
HEIGHT = 1.6
"""Inches of a row of charts."""


def accuracies(results: Results, names: Sequence[str], caption: str) -> Figure:
    """Accuracies over the epochs: each kind of rows, in each of the modes."""

    def draw() -> bytes:
        return plots.png(charts(results, names, draw_accuracies, tuple(LINES), "accuracy"))

    return Figure("accuracies", caption, draw)


def divisors(results: Results, names: Sequence[str], caption: str) -> Figure:
    """The deviations that batch norms infer by, against those of a batch, after each epoch."""

    def draw() -> bytes:
        label = "moving / a batch's"
        return plots.png(charts(results, names, draw_divisors, tuple(DIVISORS), label))

    return Figure("divisors", caption, draw)


def charts(
    results: Results,
    names: Sequence[str],
    draw: Callable[[Axes, Measurements], list[Line2D]],
    labels: Sequence[str],
    ylabel: str,
) -> Drawing:
    """A chart over the epochs for each variant, two in a row, and a legend for all."""
    rows = math.ceil(len(names) / 2)
    figure = canvas.blank(rows * HEIGHT + 0.3, labels)
    axes = figure.subplots(rows, 2, sharex=True, sharey=True, squeeze=False)
    for axis, name in zip(axes.flat, names, strict=False):
        handles = draw(axis, results[name])
        canvas.dress(axis, name)
    for axis in axes.flat[len(names) :]:
        axis.set_axis_off()
    for axis in axes.flat[len(names) - 2 : len(names)]:
        axis.tick_params(labelbottom=True)
        axis.set_xlabel("epochs", fontsize=canvas.TEXT)
    axes.flat[0].xaxis.get_major_locator().set_params(integer=True)
    for axis in axes[:, 0]:
        axis.set_ylabel(ylabel, fontsize=canvas.TEXT)
    canvas.legend(figure, handles, labels)
    return figure


def draw_accuracies(axis: Axes, measured: Measurements) -> list[Line2D]:
    """Over a band for what the asker saw. Training's are means over tenths of an epoch."""
    axis.axhspan(*read.STUCK, color="#eee", lw=0, zorder=0)
    axis.set_ylim(-0.03, 1.03)
    course = measured["course"]
    (training,) = axis.plot(course["epoch"], course["accuracy"], **canvas.style(0))
    return [training, *draw_logs(axis, measured, list(LINES.values())[1:], first=1)]


def draw_divisors(axis: Axes, measured: Measurements) -> list[Line2D]:
    """1 is right."""
    axis.set_yscale("log", base=2)
    axis.yaxis.set_major_formatter("{x:g}")
    return draw_logs(axis, measured, list(DIVISORS.values()))


def draw_logs(
    axis: Axes, measured: Measurements, logs: Sequence[str], first: int = 0
) -> list[Line2D]:
    """A line of points, one after each epoch, for each log; `first` is the first one's style."""
    epochs = range(1, measured["epochs"] + 1)
    return [
        axis.plot(epochs, measured["history"][log], marker="o", ms=4, **canvas.style(number))[0]
        for number, log in enumerate(logs, start=first)
    ]
