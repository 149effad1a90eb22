"""The figures of the study predicts-the-mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nnscratch import plots
from nnscratch.plots import Bars, Panel, canvas
from nnscratch.studies.predicts_the_mean import readings as read
from nnscratch.studies.study import Figure, Results

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

COLUMNS = 3
"""Of the charts in the figure of answers."""
MODES = {"training": ("o", 0, "training mode"), "inference": ("x", 1, "inference")}
"""How each mode's answers look."""
ROLES = ("norm", "weights", "activation", "pooling")


def answers(results: Results, names: Sequence[str], caption: str) -> Figure:
    """Answers against targets, in both modes, a chart for each variant."""
    return Figure("answers", caption, lambda: plots.png(scatter(results, names)))


def scatter(results: Results, names: Sequence[str]) -> Drawing:
    """The charts of `answers`."""
    rows = -(-len(names) // COLUMNS)
    labels = [label for _, _, label in MODES.values()]
    figure = canvas.blank(rows * 1.75 + 0.2, labels)
    axes = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False)
    for axis, name in zip(axes.flat, names, strict=True):
        shown = results[name]["answers"]["shown"]
        for mode, (marker, color, _) in MODES.items():
            axis.plot(
                shown["target"],
                shown[mode],
                marker,
                color=canvas.COLORS[color],
                markersize=3,
                fillstyle="none",
            )
        axis.axline((0, 0), slope=1, color="black", lw=0.6)
        canvas.dress(axis, name)
        axis.set(xlim=(0, 1), ylim=(-0.05, 1.05))
        axis.set_xticks((0, 0.5, 1), ("0", "0.5", "1"))  # short: the charts stand close together
    for axis in axes[-1]:
        axis.set_xlabel("target", fontsize=canvas.TEXT)
    for axis in axes[:, 0]:
        axis.set_ylabel("answer", fontsize=canvas.TEXT)
    canvas.legend(figure, axes.flat[0].lines[: len(labels)], labels)
    return figure


def errors(results: Results, names: Sequence[str], caption: str) -> Figure:
    """The error in both modes over the updates, a chart for each variant."""

    def panel(name: str) -> Panel:
        course = results[name]["course"]
        epochs = len(course["training"]) - 1
        per_epoch = results[name]["updates"] // epochs
        steps = [epoch * per_epoch for epoch in range(epochs + 1)]
        return Panel(name, steps, {label: course[mode] for mode, (_, _, label) in MODES.items()})

    panels = [panel(name) for name in names]
    return Figure("errors", caption, lambda: plots.png(plots.courses(panels, "error")))


def ways(results: Results, names: Sequence[str], caption: str) -> Figure:
    """What the layers of each role let through of the gradient in the first step."""
    kinds = {role: role for role in ROLES}
    charts = [
        Bars(name, {role: read.passed(results[name], role) for role in ROLES}, kinds)
        for name in names
    ]
    draw = plots.bars
    return Figure(
        "ways", caption, lambda: plots.png(draw(charts, "|dL/dx| / |dL/dy|", factors=True))
    )


def steps(results: Results, names: Sequence[str], caption: str) -> Figure:
    """Each kernel's median step against the kernel."""

    def chart(name: str) -> Bars:
        layers = [path.removesuffix("/kernel") for path in results[name]["kernels"]]
        return Bars(
            name,
            {layer: 1000 * read.ratio(results[name], layer) for layer in layers},
            {layer: layer.partition("_")[0] for layer in layers},
        )

    charts = [chart(name) for name in names]
    label = "|update| / |weight|, in thousandths"
    return Figure("steps", caption, lambda: plots.png(plots.bars(charts, label)))
