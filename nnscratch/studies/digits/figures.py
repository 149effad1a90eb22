"""The figures that the digits studies share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from nnscratch import plots
from nnscratch.plots import Bars, Panel, Series
from nnscratch.studies.digits.readings import kernels, path
from nnscratch.studies.study import Figure, Measurements, Results


def gradients(results: Results, names: Sequence[str], caption: str) -> Figure:
    """The norm of each kernel's gradient over the steps."""
    return _courses("gradients", caption, results, names, "gradient", "norm of the gradient")


def ratios(results: Results, names: Sequence[str], caption: str) -> Figure:
    """Each kernel's change against itself over the steps."""
    return _courses("ratios", caption, results, names, "ratio", "|update| / |weight|")


def widths(results: Results, names: Sequence[str], caption: str) -> Figure:
    """The number of different units of each layer but the last over the steps."""
    return _courses(
        "distinct-units",
        caption,
        results,
        names,
        "distinct",
        "different units",
        lambda path: path != "output/kernel",
        base=2,
    )


def first_layer(results: Results, names: Sequence[str], caption: str) -> Figure:
    """The kernels of the first convolution before and after training."""
    rows = {
        f"{name},\n{when}": np.array(results[name]["first_layer"][when])  # (3, 3, F)
        for name in names
        for when in ("before", "after")
    }
    return Figure("kernels", caption, lambda: plots.png(plots.kernels(rows)))


def factors(results: Results, shown: Sequence[tuple[str, str]], caption: str) -> Figure:
    """The way of the gradient to the first convolution, call by call.

    Args:
        results: of all variants.
        shown: which variants, each with "first", "second" or "last" for the step.
        caption: of the figure.
    """

    def chart(variant: str, when: str) -> Bars:
        way = path(results[variant], when)
        values = {hop["call"]: hop["factor"] for hop in way["hops"]}
        roles = {hop["call"]: hop["role"] for hop in way["hops"]}
        together = {"together": way["total"]}, {"together": "all of them"}
        return Bars(f"{variant}, {when} step", values | together[0], roles | together[1])

    charts = [chart(*entry) for entry in shown]
    label = "what each call lets through, from the loss down: |dL/dx| / |dL/dy|"
    return Figure("path", caption, lambda: plots.png(plots.bars(charts, label, factors=True)))


def ledgers(results: Results, names: Sequence[str], caption: str) -> Figure:
    """Which weight earned how much of the fall of the losses."""

    def chart(variant: str) -> Bars:
        shares = results[variant]["ledger"]["shares"]
        return Bars(variant, shares, {path: path.rpartition("/")[2] for path in shares})

    charts = [chart(name) for name in names]
    label = "share in the fall of the batches' losses"
    return Figure("ledger", caption, lambda: plots.png(plots.bars(charts, label)))


def _courses(
    name: str,
    caption: str,
    results: Results,
    variants: Sequence[str],
    key: str,
    ylabel: str,
    shown: Callable[[str], bool] = lambda path: True,
    base: int = 10,
) -> Figure:
    def panel(variant: str) -> Panel:
        measured: Measurements = results[variant]
        series: dict[str, Series] = {
            path: measured["weights"][path][key] for path in kernels(measured) if shown(path)
        }
        return Panel(variant, measured["steps"], series)

    panels = [panel(variant) for variant in variants]
    return Figure(name, caption, lambda: plots.png(plots.courses(panels, ylabel, base)))
