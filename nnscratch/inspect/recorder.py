"""Recorder: the course of every activation, gradient, weight and update through a training."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

from nnscratch.core.arguments import flag, positive, whole
from nnscratch.core.errors import NNError
from nnscratch.core.step import Step, checked_step
from nnscratch.core.table import Table
from nnscratch.core.tape import Call, full_key, has_key
from nnscratch.inspect import look_states, recorder_columns, recorder_table
from nnscratch.inspect.groups import group_of
from nnscratch.inspect.looks import Look
from nnscratch.inspect.scribe import Scribe
from nnscratch.inspect.seeing import arenas_of, output_seer, see, weight_views
from nnscratch.inspect.selection import Selection, why_not
from nnscratch.inspect.series import CALL, WEIGHT, Book, CallTrack, WeightTrack
from nnscratch.kernels.ops import Array, Ops
from nnscratch.training.callbacks import Callback, Learner, Logs

if TYPE_CHECKING:
    from nnscratch.backend import Backend
    from nnscratch.core.store import Layout


class Runner(Protocol):
    """A model whose steps can be followed."""

    backend: Backend
    iteration: int


class Recorder(Callback):
    """Records every step of a training, call by call and weight by weight.

    In `fit` it is a callback, which sees each array while it is at hand. In a training loop of your
    own, call `record(step)`. Of the weights those are recorded that are trained. A model that is
    compiled anew counts its steps from 0 again: give that training a recorder of its own.

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
        ArgumentError: `every` is no positive number, or `select` no patterns.
        UnknownNameError: in the first step, before it is applied: a pattern matches nothing.
        NNError: there too: a pattern is the name of a frozen weight.
    """

    def __init__(self, every: int | None = 50, select: str | Iterable[str] = "*"):
        self.every = None if every is None else positive("Recorder every (None: never)", every)
        self.selection = Selection(select)
        self.groups: dict[str, str] = {}
        """What each recorded weight is: of the kernels, biases, norm parameters or others."""
        self._looks: list[Look] = []
        self._frozen = frozenset[str]()
        self._start_with(Book())

    def _start_with(self, book: Book) -> None:
        self._scribe = Scribe(book)
        self._selected: dict[str, bool] = {}
        self._layout: Layout | None = None
        self._paths: list[str] = []
        self._look: Look | None = None
        self._measured: tuple[int, float] | None = None

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
        checked_step("Recorder.record", step)
        self._begin(step.calls.ctx.k, step.index)
        for call in step.calls.values():
            self.on_forward(call)
            self.on_backward(call)
        self.on_step(step)
        self.on_train_batch_end(step.index)

    def _begin(self, k: Ops, index: int) -> None:
        self._k = k
        self._measured = None
        self._scribe.begin(k)
        due = self.every is not None and index % self.every == 0
        self._look = Look(index) if due else None

    def on_forward(self, call: Call) -> None:
        """Measure a call's output."""
        if call.key not in self._selected:
            self._meet(call)
        if self._selected[call.key]:
            self._scribe.measure((call.key, CALL[0]), call.output, call.layer.saturation)
            if self._look is not None:
                self._look.add(call.key, CALL[0], output_seer(call)(self._k, call.output))

    def on_backward(self, call: Call) -> None:
        """Measure the gradient of a call's output."""
        if self._selected[call.key]:
            self._scribe.measure((call.key, CALL[1]), call.output_gradient)
            if self._look is not None:
                self._look.add(call.key, CALL[1], see(self._k, call.output_gradient))

    def on_step(self, step: Step) -> None:
        """Measure the weights."""
        if step.before.layout is not self._layout:
            self._arrange(step)
        for what, arena in arenas_of(step).items():
            self._scribe.measure_weights(what, arena)
        if self._look is not None:
            for path, what, seer, weight in weight_views(step, self._paths):
                self._look.add(path, what, seer(self._k, weight))
        self._measured = step.index, step.loss

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """The step is applied: from here on it counts."""
        if self._measured is not None:
            self._scribe.end(*self._measured)
            self._measured = None
            if self._look is not None:
                self._looks.append(self._look)

    def look(self, step: Step) -> Look:
        """Look closer at a step; what it did not keep is computed again.

        Raises:
            UnknownNameError, NNError: a pattern selects nothing, or a frozen weight.
        """
        self._check_selection(checked_step("Recorder.look", step))
        look, k = Look(step.index), step.calls.ctx.k
        for call in step.calls.values():
            if self.selection.has((call.key, call.path)):
                look.add(call.key, CALL[0], output_seer(call)(k, call.output))
                look.add(call.key, CALL[1], see(k, call.output_gradient))
        paths = [path for path in step.before if self.selection.has((path,))]
        for path, what, seer, weight in weight_views(step, paths):
            look.add(path, what, seer(k, weight))
        self._looks.append(look)
        return look

    def _meet(self, call: Call) -> None:
        """Find out whether a call is to be recorded, and make room for it."""
        self._selected[call.key] = self.selection.has((call.key, call.path))
        if self._selected[call.key]:
            for what in CALL:
                self._scribe.expect((call.key, what))

    def _arrange(self, step: Step) -> None:
        """Find the selected weights in the arenas.

        Raises:
            UnknownNameError, NNError: a pattern selects nothing, or a frozen weight.
        """
        self._check_selection(step)
        self._paths = [path for path in step.before if self.selection.has((path,))]
        self.groups |= {path: group_of(step, path) for path in self._paths}
        for what, arena in arenas_of(step).items():
            self._scribe.arrange(what, self._paths, arena)
        self._layout = step.before.layout

    def _check_selection(self, step: Step) -> None:
        calls = [(call.key, call.path) for call in step.calls.values()]
        weights = [(path,) for path in step.before]
        self.selection.check([*calls, *weights], step.frozen, self.weights)
        self._frozen = frozenset(step.frozen)

    # -- reading ----------------------------------------------------------------------------

    @property
    def steps(self) -> list[int]:
        """The index of each recorded step."""
        return cast(list[int], self._scribe.book.index.tolist())

    @property
    def loss(self) -> list[float]:
        """The loss of each recorded step's batch, penalty included."""
        return cast(list[float], self._scribe.book.loss.tolist())

    @property
    def looks(self) -> list[Look]:
        """The closer looks, in the order in which they were taken."""
        return self._looks

    @property
    def calls(self) -> list[str]:
        """The keys of the recorded calls, in the order of the graph."""
        return [name for name, what in self._scribe.book.numbers if what == CALL[0]]

    @property
    def weights(self) -> list[str]:
        """The paths of the recorded weights."""
        return [name for name, what in self._scribe.book.numbers if what == WEIGHT[0]]

    def __getitem__(self, name: str) -> Any:
        """What was recorded of a call (a `CallTrack`) or of a weight (a `WeightTrack`).

        Args:
            name: a call's key, whose number may be left out where its layer was called once; or
                a weight's path.

        Raises:
            UnknownNameError: there is no such call or weight, or it was not selected.
            LookupError: the layer was called several times.
            NNError: the weight is frozen, or nothing is recorded yet.
        """
        book, name = self._scribe.book, self.full_name(name, list(self))
        if name in self.weights:
            return WeightTrack(*(book.series((name, what)) for what in WEIGHT))
        return CallTrack(*(book.series((name, what)) for what in CALL))

    def full_name(self, name: str, known: Collection[str]) -> str:
        """The key of a call or the path of a weight, among those recorded or looked at."""
        if isinstance(name, str) and name in self._frozen and name not in known:
            raise NNError(why_not(name))
        if not known and not self.steps:
            raise NNError(
                f"{name!r}: nothing is recorded yet; give the recorder to model.fit as a callback"
            )
        return full_key(name, known, "recorded call or weight")

    def __contains__(self, name: object) -> bool:
        return has_key(name, list(self))

    def __iter__(self) -> Iterator[str]:
        """The names of all that is recorded: keys of calls, then paths of weights."""
        return iter([*self.calls, *self.weights])

    def __len__(self) -> int:
        """How many calls and weights are recorded; `len(recorder.steps)` are the steps."""
        return len(self.calls) + len(self.weights)

    def __bool__(self) -> bool:
        """True: it is there, though nothing may be recorded yet."""
        return True

    def to_dict(self, *, tidy: bool = False) -> dict[str, Array]:
        """All columns by name, for a table elsewhere: `pandas.DataFrame(recorder.to_dict())`.

        Args:
            tidy: False for a row per step, and columns such as "conv2d#0.output.mean". True for a
                row per step and tensor: its name and quantity, such as "conv2d#0" and "output",
                then a column for each statistic. Steps that did not have it have no row.

        Raises:
            ArgumentError: tidy is neither True nor False.
        """
        book = self._scribe.book
        tell = (
            recorder_columns.tidy if flag("Recorder.to_dict tidy", tidy) else recorder_columns.wide
        )
        return tell(book)

    def to_csv(self, file: str | os.PathLike[str]) -> None:
        """Write the tidy table, see `to_dict`, as a file of comma-separated values.

        Raises:
            OSError: it cannot be written.
        """
        recorder_columns.write_csv(file, self.to_dict(tidy=True))

    def state(self) -> Mapping[str, Any]:
        """All that is recorded."""
        book, looks = self._scribe.book.state(), look_states.gathered(self.looks)
        groups, frozen = dict(self.groups), sorted(self._frozen)
        return {"book": book, "looks": looks, "groups": groups, "frozen": frozen}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with what was recorded."""
        self._looks = look_states.scattered(state["looks"])
        self.groups = dict(state["groups"])
        self._frozen = frozenset(state["frozen"])
        self._start_with(Book.restored(state["book"]))

    # -- views ------------------------------------------------------------------------------

    def table(self, step: int = -1) -> Table:
        """One recorded step: statistics of calls and weights, gradients and changes.

        Args:
            step: the step's index; -1, -2 ... count recorded steps from the last one.

        Raises:
            ArgumentError: it is no whole number.
            NNError: that step was not recorded.
        """
        place = recorder_table.place_of(self.steps, whole("Recorder.table step", step))
        return recorder_table.table(self, place)

    def __repr__(self) -> str:
        names = f"{len(self.calls)} calls, {len(self.weights)} weights"
        return f"Recorder({len(self.steps)} steps: {names})"

    def __str__(self) -> str:
        return str(self.table()) if self.steps else "Recorder: nothing is recorded yet"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_() if self.steps else str(self)
