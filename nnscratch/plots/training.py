"""A training's course: losses and metrics, norms, units, and the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from nnscratch.core.arguments import instance, texts
from nnscratch.core.errors import look_up
from nnscratch.core.tape import labels
from nnscratch.inspect.ledger import Ledger
from nnscratch.inspect.recorder import Recorder
from nnscratch.inspect.series import CALL, WEIGHT
from nnscratch.plots import canvas, given
from nnscratch.plots.courses import Panel, Series, courses
from nnscratch.training.callbacks import History

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LINES = 6
"""How many lines a chart of norms holds; more stand in further charts."""
NORMS = (*CALL, *WEIGHT, "ratio")
"""What has a norm."""
UNITS = {
    "different units": "distinct",
    "linearly independent": "rank",
    "different gradients": "distinct_gradients",
    "never fired": "never_fired",
}
"""What a look counts, by the title of its chart."""


def curves(history: History) -> Figure:
    """Loss and metrics over the epochs, a chart for each, with validation beside training.

    Args:
        history: what `fit` returns.

    Raises:
        ArgumentError: it is something else.
        PlotError: it has no epoch, or matplotlib is not installed.
    """
    instance("curves history", history, History, "the nn.History that model.fit returns")
    if not history.epoch:
        raise canvas.PlotError("curves: the history has no epoch yet; give what model.fit returned")
    names = [name for name in history.history if not name.startswith("val_")]
    figure = canvas.blank(1.5 * len(names) + 0.3, ("training", "validation"))
    axes = figure.subplots(len(names), sharex=True, squeeze=False)
    handles = {}
    for axis, name in zip(axes.flat, names, strict=True):
        for number, (label, log) in enumerate((("training", name), ("validation", f"val_{name}"))):
            if log in history.history:
                values = history.history[log]
                first = history.epoch[-1] + 2 - len(values)  # a log may turn up later than others
                epochs = np.arange(first, first + len(values))
                (handles[label],) = axis.plot(epochs, values, marker=".", **canvas.style(number))
        canvas.dress(axis, name)
    axes.flat[-1].set_xlabel("epoch, counted from 1", fontsize=canvas.TEXT)
    canvas.count(axes.flat[-1])
    canvas.legend(figure, list(handles.values()), list(handles))
    return figure


def norms(
    recorder: Recorder, what: str = "gradient", names: str | Iterable[str] | None = None
) -> Figure:
    """The norm of each kernel's gradient, or of something else, in each step.

    Args:
        recorder: an `nn.Recorder` that has recorded something.
        what: of weights "value", "gradient", "update", or "ratio" (update against value); of
            calls "output" or "output_gradient".
        names: which weight or call, or several; None takes all kernels, or all calls.

    Raises:
        ArgumentError: something else than a recorder, or than names.
        PlotError: nothing is recorded, the named has no such norm, or matplotlib is not installed.
        UnknownNameError: there is no such norm; something of that name was not recorded.
    """
    recorder = given.recorder("norms", recorder)
    look_up("quantity of norms", what, dict.fromkeys(NORMS))
    if names is None:
        kernels = [path for path in recorder.weights if recorder.groups[path] == "kernels"]
        names = recorder.calls if what in CALL else kernels
    shown = labels(recorder.calls)
    names = texts("norms names", names, "a call or weight, or several")
    lines = [(shown.get(name, name), norm_of(recorder, name, what)) for name in names]
    if not lines:
        raise canvas.PlotError(
            f"norms: there is nothing to show, of {recorder!r} no kernel or call is asked for; "
            "name what it has recorded"
        )
    parts = [lines[start : start + LINES] for start in range(0, len(lines), LINES)]
    panels = [Panel("", recorder.steps, dict(part)) for part in parts]
    label = "|update| / |value|" if what == "ratio" else f"norm of {what.replace('_', ' ')}"
    return courses(panels, label)


def norm_of(recorder: Recorder, name: str, what: str) -> Series:
    """One line of `norms`, (steps,)."""
    quantity = getattr(recorder[name], what, None)
    if quantity is None:
        raise canvas.PlotError(
            f"norms: {name} has no {what!r}; weights have value, gradient, update and ratio, calls "
            "output and output_gradient"
        )
    found: Series = (quantity if what == "ratio" else quantity.norm).tolist()
    return found


def units(recorder: Recorder) -> Figure:
    """How wide each layer really is, over the looks of a recorder.

    A kernel's different units, those that are linearly independent, and those whose gradients
    differ; and the units of each activation that fired nowhere in the batch.

    Args:
        recorder: an `nn.Recorder` that has looked closer, see its `every`.

    Raises:
        ArgumentError: it is something else.
        PlotError: it has not, or matplotlib is not installed.
    """
    looks = given.looks("units", recorder)
    steps = [look.step for look in looks]
    shown = labels(recorder.calls)
    panels = []
    for title, attribute in UNITS.items():
        counts = [getattr(look, attribute) for look in looks]
        names = dict.fromkeys(name for count in counts for name in count)
        series = {shown.get(name, name): [c.get(name) for c in counts] for name in names}
        if series:
            panels.append(Panel(title, steps, series))
    if not panels:
        raise canvas.PlotError("units: no kernel and no activation was looked at")
    return courses(panels, "units", base=2)


def ledger_course(book: Ledger) -> Figure:
    """By how much the losses of the batches have fallen so far, step by step and by group.

    Args:
        book: an `nn.Ledger` that `fit` has filled.

    Raises:
        ArgumentError: it is something else.
        PlotError: it is empty, or matplotlib is not installed.
    """
    book = given.ledger("ledger_course", book)
    names = [*book.members, "total", *(["real"] if book.gradients > 1 else [])]
    figure = canvas.blank(2.2, names)
    axis, steps = figure.subplots(), np.asarray(book.steps) + 1
    handles = [
        axis.plot(steps, -book.course(name), **canvas.style(number))[0]
        for number, name in enumerate(names)
    ]
    canvas.dress(axis, "", "step, counted from 1", "fall of the losses so far")
    canvas.count(axis)
    canvas.legend(figure, handles, names)
    return figure
