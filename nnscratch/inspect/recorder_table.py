"""The table that a recorder shows of one step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nnscratch.core.describe import number
from nnscratch.core.errors import NNError
from nnscratch.core.table import Table
from nnscratch.core.tape import labels
from nnscratch.inspect.groups import GROUPS
from nnscratch.inspect.series import Series, WeightTrack

if TYPE_CHECKING:
    from nnscratch.inspect.recorder import Recorder

HEADINGS = ("", "mean", "std", "zeros", "sat.", "|g|", "|dw|/|w|")
LEGEND = (
    "mean, std, zeros: of a call's output or a weight's value; sat.: where an activation is flat",
    "|g|: norm of the loss's gradient by it; |dw|/|w|: the update against the value",
)
ABSENT = "-: not in that step, as what lies in front of frozen layers has no gradient"


def place_of(steps: Sequence[int], step: int) -> int:
    """Where a step stands in a recording: of several of its index the last one.

    Raises:
        NNError: it was not recorded.
    """
    if step in steps:
        return len(steps) - 1 - steps[::-1].index(step)
    if -len(steps) <= step < 0:
        return step
    span = f"there are {len(steps)}, {steps[0]} to {steps[-1]}" if steps else "none is yet"
    raise NNError(f"Recorder: step {step} was not recorded; {span}")


def table(recorder: Recorder, place: int) -> Table:
    """The step at a place of a recording: statistics of calls and weights, gradients, changes."""
    steps = recorder.steps
    title = f"step {steps[place]} · loss {recorder.loss[place]:.6g} · {len(steps)} steps recorded"
    lines = list(rows(recorder, place))
    absent = any("-" in line for line in lines)
    return Table(title, HEADINGS, lines, (*LEGEND, *([ABSENT] if absent else [])))


def rows(recorder: Recorder, place: int) -> Iterator[tuple[str, ...]]:
    """A row for each call and each weight, under the name of their group."""
    blank = ("",) * (len(HEADINGS) - 1)
    if recorder.calls:
        yield ("calls", *blank)
    for key, label in labels(recorder.calls).items():
        call = recorder[key]
        yield (f"  {label}", *cells(call.output, call.output_gradient, place), "")
    for group in GROUPS:
        members = [path for path in recorder.weights if recorder.groups[path] == group]
        if members:
            yield (group, *blank)
        for path in members:
            weight = recorder[path]
            yield (f"  {path}", *cells(weight.value, weight.gradient, place), change(weight, place))


def cells(series: Series, gradient: Series, place: int) -> tuple[str, ...]:
    """Statistics of a tensor in one step, and the norm of its gradient."""
    mean, std = (known(series, name, place) for name in ("mean", "std"))
    zeros, saturated = share(series.zeros[place]), share(series.saturated[place])
    return mean, std, zeros, saturated, known(gradient, "norm", place)


def known(series: Series, statistic: str, place: int) -> str:
    """A statistic of one step; a dash where the step did not have the tensor, which is no NaN."""
    if math.isnan(series.nan[place]):
        return "-"
    return number(getattr(series, statistic)[place])


def share(value: float) -> str:
    """A share in percent; nothing where there is none to tell."""
    return "" if math.isnan(value) else f"{value:.0%}"


def change(weight: WeightTrack, place: int) -> str:
    """A weight's update against its value, in words."""
    if math.isnan(weight.value.nan[place]):
        return "-"
    if weight.value.norm[place] == 0:
        return "0" if weight.update.norm[place] == 0 else "from 0"
    return number(weight.ratio[place])
