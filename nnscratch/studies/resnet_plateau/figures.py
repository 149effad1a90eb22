"""The figures of the study resnet-plateau."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nnscratch import plots
from nnscratch.plots import Panel, canvas
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
"""What a chart shows: label -> log."""
HEIGHT = 1.6
"""Inches of a row of charts."""


def accuracies(results: Results, names: Sequence[str], caption: str) -> Figure:
    """Accuracies over the epochs: each kind of rows, in each of the modes."""
    return Figure("accuracies", caption, lambda: plots.png(draw_accuracies(results, names)))


def draw_accuracies(results: Results, names: Sequence[str]) -> Drawing:
    """A chart for each variant; training is a mean over tenths of an epoch, the others points."""
    rows = math.ceil(len(names) / 2)
    figure = canvas.blank(rows * HEIGHT + 0.3, tuple(LINES))
    axes = figure.subplots(rows, 2, sharex=True, sharey=True, squeeze=False)
    for axis, name in zip(axes.flat, names, strict=False):
        handles = draw_lines(axis, results[name])
        canvas.dress(axis, name)
        axis.set_ylim(-0.03, 1.03)
    for axis in axes.flat[len(names) :]:
        axis.set_axis_off()
    for axis in axes.flat[len(names) - 2 : len(names)]:
        axis.tick_params(labelbottom=True)
        axis.set_xlabel("epochs", fontsize=canvas.TEXT)
    for axis in axes[:, 0]:
        axis.set_ylabel("accuracy", fontsize=canvas.TEXT)
    canvas.legend(figure, handles, tuple(LINES))
    return figure


def draw_lines(axis: Axes, measured: Measurements) -> list[Line2D]:
    """One variant's accuracies, over a band for what the asker saw."""
    axis.axhspan(*read.STUCK, color="#eee", lw=0, zorder=0)
    handles = []
    for number, log in enumerate(LINES.values()):
        course = measured["course"]
        epochs = course["epoch"] if log == "accuracy" else range(1, measured["epochs"] + 1)
        values = course["accuracy"] if log == "accuracy" else measured["history"][log]
        marker = "" if log == "accuracy" else "o"
        (line,) = axis.plot(epochs, values, marker=marker, ms=4, **canvas.style(number))
        handles.append(line)
    return handles


def divisors(results: Results, names: Sequence[str], caption: str) -> Figure:
    """The deviations that batch norms infer by, against those of a batch, after each epoch."""

    def panel(name: str) -> Panel:
        measured = results[name]
        steps = [read.updates(measured, epoch) - 1 for epoch in range(1, measured["epochs"] + 1)]
        lines = {
            label: measured["history"][f"{place}_divisor_gain"]
            for label, place in (("the first batch norm", "stem"), ("the others", "inner"))
        }
        return Panel(name, steps, lines)

    panels = [panel(name) for name in names]
    label = "moving / a batch's"
    return Figure("divisors", caption, lambda: plots.png(plots.courses(panels, label, base=2)))
