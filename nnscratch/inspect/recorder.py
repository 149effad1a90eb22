"""Recorder: the course of every activation, gradient, weight and update through a training."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

import numpy as np

from nnscratch.core.describe import number
from nnscratch.core.errors import NNError, UnknownNameError
from nnscratch.core.store import seal
from nnscratch.core.table import Table
from nnscratch.core.tape import Call, labels
from nnscratch.inspect.groups import GROUPS, group_of
from nnscratch.inspect.looks import Look
from nnscratch.inspect.series import Book, CallTrack, Series, WeightTrack
from nnscratch.kernels.ops import Array, Ops
from nnscratch.training.callbacks import Callback, CallbackError, Learner, Logs

if TYPE_CHECKING:
    from nnscratch.backend import Backend
    from nnscratch.core.step import Step
    from nnscratch.core.store import Layout

CALL = tuple(entry.name for entry in fields(CallTrack))
WEIGHT = tuple(entry.name for entry in fields(WeightTrack))
NEVER = (math.nan, math.nan)
"""The limits of what cannot saturate."""
HEADINGS = ("", "mean", "std", "zeros", "sat.", "|g|", "|dw|/|w|")
LEGEND = (
    "mean, std, zeros, sat.: of a call's output or a weight's value; sat.: where an activation is "
    "flat",
    "|g|: norm of the loss's gradient by it; |dw|/|w|: the update against the value",
)


@dataclass
class Place:
    """Where the statistics of a call's array go."""

    number: int
    limits: tuple[float, float] | None = None
    size: int = -1
    """Of the array that came last; its bounds are (1, 2)."""
    bounds: Array = field(default_factory=lambda: np.empty((1, 2), np.int64))


class CallPlaces(NamedTuple):
    """The places of a call."""

    output: Place
    output_gradient: Place


class Runner(Protocol):
    """A model whose steps can be followed."""

    backend: Backend
    iteration: int


class Recorder(Callback):
    """Records every step of a training, call by call and weight by weight.

    In `fit` it is a callback, which sees each array while it is at hand and keeps none. In a
    training loop of your own, call `record(step)`.

    >>> recorder = nn.Recorder()
    >>> model.fit(x, y, callbacks=recorder)
    >>> print(recorder)
    >>> recorder["conv2d"].output.std  # (steps,)
    >>> recorder["conv2d/kernel"].ratio
    >>> recorder.looks[-1].distinct["conv2d/kernel"]

    Args:
        every: look closer (histograms, ranks, units) at every so many steps; None: never.
        select: what to record: a pattern, or several, of calls ("conv2d#0"), weights
            ("conv2d/kernel") or layers ("conv2d", which stands for all that belongs to it).

    Raises:
        CallbackError: `every` is no positive number.
        UnknownNameError: in the first step, before it is applied: a pattern matches nothing.
    """

    def __init__(self, every: int | None = 50, select: str | Iterable[str] = "*"):
        if every is not None and (not isinstance(every, int) or every < 1):
            raise CallbackError(
                f"Recorder every: expected a positive number of steps or None, got {every!r}"
            )
        self.every = every
        self.select = (select,) if isinstance(select, str) else tuple(select)
        self.looks: list[Look] = []
        """The closer looks, in the order of their steps."""
        self.groups: dict[str, str] = {}
        """What each recorded weight is: of the kernels, biases, norm parameters or others."""
        self._book = Book()
        self._look: Look | None = None
        self._forget_places()

    def _forget_places(self) -> None:
        """Find out anew where the book has what."""
        self._places: dict[str, CallPlaces | None] = {}
        self._layout: Layout | None = None
        self._paths: list[str] = []
        self._numbers: dict[str, Array] = {}

    # -- recording --------------------------------------------------------------------------

    def set_model(self, model: Learner) -> None:
        """Remember whose steps it will see."""
        super().set_model(model)
        self._runner = cast(Runner, model)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Make ready for the next step."""
        self._begin(self._runner.backend.k, self._runner.iteration)

    def record(self, step: Step) -> None:
        """Record a step that is at hand as a value; what it did not keep is computed again."""
        self._begin(step.calls.ctx.k, step.index)
        for call in step.calls.values():
            self.on_forward(call)
            self.on_backward(call)
        self.on_step(step)

    def _begin(self, k: Ops, index: int) -> None:
        self._k = k
        self._book.open()
        looks = self.every is not None and index % self.every == 0
        self._look = Look(index) if looks else None

    def on_forward(self, call: Call) -> None:
        """Measure a call's output."""
        if call.key not in self._places:
            self._places[call.key] = self._meet(call)
        places = self._places[call.key]
        if places is not None:
            self._measure(places.output, call.output)
            if self._look is not None:
                self._look.see_output(self._k, call)

    def on_backward(self, call: Call) -> None:
        """Measure the gradient of a call's output."""
        places = self._places[call.key]
        if places is not None:
            self._measure(places.output_gradient, call.output_gradient)
            if self._look is not None:
                self._look.see_gradient(self._k, call)

    def _meet(self, call: Call) -> CallPlaces | None:
        """Make room for a call, if it was selected."""
        if not self._selects(call.key, call.path):
            return None
        output, gradient = (self._book.number((call.key, what)) for what in CALL)
        return CallPlaces(Place(output, call.layer.saturation), Place(gradient))

    def _measure(self, place: Place, x: Array) -> None:
        if x.size != place.size:
            place.size, place.bounds = x.size, seal(np.array([[0, x.size]]))
            self._book.size(place.number, x.size, limited=place.limits is not None)
        low, high = place.limits or NEVER
        self._book.write(place.number, self._k.statistics(x, place.bounds, low, high))

    def on_step(self, step: Step) -> None:
        """Measure the weights, and let the step count."""
        if step.before.layout is not self._layout:
            self._arrange(step)
        arenas = (step.before, step.total_gradients, step.updates)
        for what, arena in zip(WEIGHT, arenas, strict=True):
            rows = self._k.statistics(arena.buffer, self._bounds, *NEVER)
            self._book.write(self._numbers[what], rows)
        self._book.turn(step.index, step.loss)
        if self._look is not None:
            self._look.see_weights(self._k, step, self._paths)
            self.looks.append(self._look)

    def look(self, step: Step) -> Look:
        """Look closer at a step; what it did not keep is computed again."""
        look, k = Look(step.index), step.calls.ctx.k
        for call in step.calls.values():
            if self._selects(call.key, call.path):
                look.see_output(k, call)
                look.see_gradient(k, call)
        look.see_weights(k, step, [path for path in step.before if self._selects(path)])
        self.looks.append(look)
        return look

    def _selects(self, *names: str) -> bool:
        """Whether something that goes by these names is to be recorded."""
        return any(matches(pattern, names) for pattern in self.select)

    def _arrange(self, step: Step) -> None:
        """Find the selected weights in the arenas.

        Raises:
            UnknownNameError: a pattern matches nothing that there is.
        """
        known: list[tuple[str, ...]] = [(key, call.path) for key, call in step.calls.items()]
        known += [(path,) for path in (*step.before, *step.frozen)]
        for pattern in self.select:
            if not any(matches(pattern, names) for names in known):
                nearby = [names[0] for names in known]
                raise UnknownNameError("call or weight to record", pattern, nearby)
        self._paths = [path for path in step.before if self._selects(path)]
        self.groups |= {path: group_of(step, path) for path in self._paths}
        parts = [step.before.layout.slices[path] for path in self._paths]
        self._bounds = np.array([[p.start, p.stop] for p in parts], np.int64).reshape(-1, 2)
        for what in WEIGHT:
            numbers = [self._book.number((path, what)) for path in self._paths]
            self._numbers[what] = np.array(numbers, np.intp)
            self._book.size(self._numbers[what], self._bounds[:, 1] - self._bounds[:, 0])
        self._layout = step.before.layout

    # -- reading ----------------------------------------------------------------------------

    @property
    def steps(self) -> list[int]:
        """The index of each recorded step."""
        steps: list[int] = self._book.index.tolist()
        return steps

    @property
    def loss(self) -> list[float]:
        """The loss of each recorded step's batch, penalty included."""
        losses: list[float] = self._book.loss.tolist()
        return losses

    @property
    def calls(self) -> list[str]:
        """The keys of the recorded calls, in the order of the graph."""
        return [name for name, what in self._book.numbers if what == CALL[0]]

    @property
    def weights(self) -> list[str]:
        """The paths of the recorded weights."""
        return [name for name, what in self._book.numbers if what == WEIGHT[0]]

    def __getitem__(self, name: str) -> Any:
        """What was recorded of a call (a `CallTrack`) or of a weight (a `WeightTrack`).

        Args:
            name: a call's key, whose number may be left out where its layer was called once; or
                a weight's path.

        Raises:
            UnknownNameError: there is no such call or weight, or it was not selected.
        """
        keys = {label: key for key, label in labels(self.calls).items()}
        name = keys.get(name, name)
        if (name, CALL[0]) in self._book.numbers:
            return CallTrack(*(self._book.series((name, what)) for what in CALL))
        if (name, WEIGHT[0]) in self._book.numbers:
            return WeightTrack(*(self._book.series((name, what)) for what in WEIGHT))
        raise UnknownNameError("recorded call or weight", name, [*self.calls, *self.weights])

    def to_dict(self) -> dict[str, Array]:
        """Every column by its name, such as "conv2d#0.output.mean", for a table elsewhere."""
        columns = {"step": self._book.index, "loss": self._book.loss}
        for name, what in self._book.numbers:
            for statistic, column in self._book.series((name, what)).columns().items():
                columns[f"{name}.{what}.{statistic}"] = column
        return columns

    def state(self) -> Mapping[str, Any]:
        """All that is recorded."""
        looks = [look.state() for look in self.looks]
        return {"book": self._book.state(), "looks": looks, "groups": dict(self.groups)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with what was recorded."""
        self._book = Book.restored(state["book"])
        self.looks = [Look.restored(look) for look in state["looks"]]
        self.groups = dict(state["groups"])
        self._forget_places()

    # -- views ------------------------------------------------------------------------------

    def table(self, step: int = -1) -> Table:
        """One recorded step: statistics of calls and weights, gradients and changes.

        Args:
            step: the step's index; -1, -2 ... count recorded steps from the last one.

        Raises:
            NNError: that step was not recorded.
        """
        steps = self.steps
        if step not in steps and not -len(steps) <= step < 0:
            span = f"there are {len(steps)}, {steps[0]} to {steps[-1]}" if steps else "none is yet"
            raise NNError(f"Recorder: step {step} was not recorded; {span}")
        place = step if step < 0 else len(steps) - 1 - steps[::-1].index(step)
        rows = list(self._table_rows(place))
        title = f"step {steps[place]} · loss {self.loss[place]:.6g} · {len(steps)} steps recorded"
        return Table(title, HEADINGS, rows, LEGEND)

    def _table_rows(self, place: int) -> Iterator[tuple[str, ...]]:
        """A row for each call and each weight, under the name of their group."""
        yield ("calls", *[""] * 6)
        for key, label in labels(self.calls).items():
            track = self[key]
            yield (f"  {label}", *cells(track.output, track.output_gradient, place), "")
        for group in GROUPS:
            members = [path for path in self.weights if self.groups[path] == group]
            if members:
                yield (group, *[""] * 6)
            for path in members:
                track = self[path]
                change = change_of(track, place)
                yield (f"  {path}", *cells(track.value, track.gradient, place), change)

    def __str__(self) -> str:
        return str(self.table()) if self._book.length else "Recorder: nothing is recorded yet"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_() if self._book.length else escape(str(self))


def matches(pattern: str, names: Iterable[str]) -> bool:
    """Whether a pattern is that of one of some names, or of a layer that one belongs to."""
    return any(fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}/*") for name in names)


def cells(series: Series, gradient: Series, place: int) -> tuple[str, ...]:
    """Statistics of a tensor in one step, and the norm of its gradient."""
    mean, std = number(series.mean[place]), number(series.std[place])
    zeros, saturated = share(series.zeros[place]), share(series.saturated[place])
    return mean, std, zeros, saturated, number(gradient.norm[place])


def share(value: float) -> str:
    """A share in percent; nothing where there is none to tell."""
    return "" if math.isnan(value) else f"{value:.0%}"


def change_of(track: WeightTrack, place: int) -> str:
    """A weight's update against its value, in words."""
    if track.value.norm[place] == 0:
        return "0" if track.update.norm[place] == 0 else "from 0"
    return number(track.ratio[place])
