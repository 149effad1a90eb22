"""The figures of the study frozen-accuracy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from nnscratch import plots
from nnscratch.kernels.ops import Array
from nnscratch.plots import Panel
from nnscratch.studies.study import Figure, Measurements, Results

Lines = Callable[[Measurements], Mapping[str, Sequence[float]]]
"""The series of a chart, by label."""


def activations(results: Results, names: Sequence[str], caption: str) -> Figure:
    """The largest activation of each layer in every mini-batch."""
    label = "largest activation"
    return _courses("activations", caption, results, names, lambda m: m["activations"], label)


def gradients(results: Results, names: Sequence[str], caption: str) -> Figure:
    """The norm of each weight's gradient in every mini-batch."""
    label = "norm of the gradient"
    return _courses("gradients", caption, results, names, lambda m: m["gradients"], label)


def losses(results: Results, groups: Mapping[str, Sequence[str]], caption: str) -> Figure:
    """The loss of all images before training and after each epoch, a chart for each group."""

    def panel(title: str, names: Sequence[str]) -> Panel:
        courses = {name: results[name]["epochs"]["val_loss"] for name in names}
        epochs = min(map(len, courses.values()))
        per_epoch = results[names[0]]["mini_batches"] // len(courses[names[0]])
        steps = [epoch * per_epoch for epoch in range(epochs + 1)]
        lines = {n: [results[n]["before"]["loss"], *courses[n][:epochs]] for n in names}
        return Panel(title, steps, lines)

    panels = [panel(title, names) for title, names in groups.items()]
    return Figure("losses", caption, lambda: plots.png(plots.courses(panels, "loss")))


def filters(results: Results, names: Sequence[str], caption: str) -> Figure:
    """The first filters at the beginning of epochs, each row against its largest weight."""
    rows = {
        f"{name},\n{when}": relative(np.array(picture))  # (PIXELS, PIXELS, FILTERS)
        for name in names
        for when, picture in results[name]["pictures"].items()
    }
    return Figure("filters", caption, lambda: plots.png(plots.kernels(rows)))


def relative(picture: Array) -> Array:
    """A picture against its largest weight."""
    scaled: Array = picture / np.max(np.abs(picture))
    return scaled


def _courses(
    name: str, caption: str, results: Results, variants: Sequence[str], lines: Lines, ylabel: str
) -> Figure:
    panels = [
        Panel(variant, results[variant]["steps"], lines(results[variant])) for variant in variants
    ]
    return Figure(name, caption, lambda: plots.png(plots.courses(panels, ylabel)))
