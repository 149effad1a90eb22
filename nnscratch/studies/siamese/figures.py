"""The figures of the siamese study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnscratch import plots
from nnscratch.plots import Bars, canvas
from nnscratch.studies.siamese import readings as read
from nnscratch.studies.study import Figure, Measurements, Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CHARTS = {
    "loss": "loss of the epoch's batches",
    "accuracy": "accuracy on the epoch's batches",
    "ranking": "unseen pairs ranked right",
}
REACH = 10.0
"""How far below the smallest distance a chart begins."""
DISTANCES = ("threshold -b/w", "mean, same class", "mean, two classes", "nearest to farthest")


def curves(results: Results, names: Sequence[str], caption: str) -> Figure:
    """What the asker sees, loss and accuracy of each epoch, and how unseen pairs are ranked."""

    def draw() -> bytes:
        figure = canvas.blank(4.6, names)
        axes = figure.subplots(len(CHARTS), sharex=True)
        handles = []
        for number, name in enumerate(names):
            history, unseen = results[name]["history"], results[name]["unseen"]
            epochs = np.arange(1, len(history["loss"]) + 1)
            series = (history["loss"], history["accuracy"], unseen["ranking"][1:])
            for axis, values in zip(axes, series, strict=True):
                (line,) = axis.plot(epochs, values, **canvas.style(number))
            handles.append(line)
        for axis, title in zip(axes, CHARTS.values(), strict=True):
            canvas.dress(axis, title)
        axes[0].set_yscale("log")
        axes[-1].set_xlabel("epoch", fontsize=canvas.TEXT)
        axes[-1].xaxis.get_major_locator().set_params(integer=True)
        canvas.legend(figure, handles, names)
        return plots.png(figure)

    return Figure("curves", caption, draw)


def thresholds(results: Results, names: Sequence[str], caption: str) -> Figure:
    """The distances of every batch, and the threshold that is to part them."""

    def draw() -> bytes:
        figure = canvas.blank(1.9 * ((len(names) + 1) // 2), DISTANCES)
        axes = figure.subplots(-(-len(names) // 2), 2, squeeze=False)
        for axis, name in zip(axes.flat, names, strict=True):
            handles = _distances(axis, results[name]["course"])
            canvas.dress(axis, name)
        for axis in axes[-1]:
            axis.set_xlabel("step", fontsize=canvas.TEXT)
        for axis in axes[:, 0]:
            axis.set_ylabel("distance", fontsize=canvas.TEXT)
        canvas.legend(figure, handles, DISTANCES)
        return plots.png(figure)

    return Figure("thresholds", caption, draw)


def _distances(axis: Axes, course: Mapping[str, Any]) -> list[Any]:
    steps = np.arange(len(course["bias"]))
    threshold = -np.array(course["bias"]) / np.array(course["weight"])
    band = axis.fill_between(
        steps, course["nearest"], course["farthest"], color="#999", alpha=0.35, lw=0
    )
    lines = [
        axis.plot(steps, values, **{**canvas.style(number), "linewidth": width})[0]
        for number, (values, width) in enumerate(
            [
                (np.where(threshold > 0, threshold, np.nan), 2.2),
                (course["same"], 0.9),
                (course["different"], 0.9),
            ]
        )
    ]
    axis.set_yscale("log")
    axis.set_ylim(bottom=min(course["nearest"]) / REACH)
    return [*lines, band]


def histograms(measured: Measurements, caption: str) -> Figure:
    """First, middle and last convolution: entries before and after, as TensorBoard shows them."""
    kernels, biases = (list(read.convolutions(measured, g)) for g in ("kernels", "biases"))
    chosen = sorted({0, len(kernels) // 2, len(kernels) - 1})
    rows = [(kernels[place], biases[place]) for place in chosen]

    def draw() -> bytes:
        figure = canvas.blank(1.5 * len(rows), ("before", "after"))
        axes = figure.subplots(len(rows), 2)
        for line, paths in zip(axes, rows, strict=True):
            for axis, path in zip(line, paths, strict=True):
                handles = _before_and_after(axis, read.weight(measured, path))
                canvas.dress(axis, path.removeprefix(read.EMBEDDER))
                axis.set_yticks([])
                axis.locator_params(axis="x", nbins=4)
        canvas.legend(figure, handles, ("before", "after"))
        return plots.png(figure)

    return Figure("histograms", caption, draw)


def _before_and_after(axis: Axes, table: Mapping[str, Any]) -> list[Any]:
    """Two histograms in one, each against its highest bin."""
    edges = np.array(table["edges"])
    return [
        axis.stairs(
            np.array(table[when]) / max(table[when]),
            edges,
            fill=True,
            alpha=0.55,
            facecolor=canvas.COLORS[number],
            hatch=canvas.HATCHES[number],
        )
        for number, when in enumerate(("before", "after"))
    ]


def earnings(results: Results, names: Sequence[str], caption: str) -> Figure:
    """Each weight's share in the fall of the batches' losses."""
    charts = [_bars(name, results[name], results[name]["ledger"]["shares"]) for name in names]
    label = "share in the fall of the loss"
    return Figure("ledger", caption, lambda: plots.png(plots.bars(charts, label)))


def cancellation(measured: Measurements, caption: str) -> Figure:
    """What is left of the gradients of the two branches when they are added."""
    shares = measured["gradients"]["shares"]
    left_over = {path: read.kept(entry) for path, entry in shares.items()}
    chart = _bars("first step", measured, left_over)
    label = "|sum| / sum of the branches' norms"
    return Figure("branches", caption, lambda: plots.png(plots.bars([chart], label, factors=True)))


def _bars(title: str, measured: Measurements, values: Mapping[str, float]) -> Bars:
    """A bar for each weight, kernels and biases apart."""
    names = {path: path.removeprefix(read.EMBEDDER) for path in values}
    return Bars(
        title,
        {names[path]: value for path, value in values.items()},
        {names[path]: measured["weights"][path]["group"] for path in values},
    )
