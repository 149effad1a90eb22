"""Who earned the fall of the loss: the learning ledger."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

import numpy as np
from numpy.polynomial import Legendre

from nnscratch.core.arguments import positive
from nnscratch.core.describe import number
from nnscratch.core.errors import UnknownNameError
from nnscratch.core.store import Arena
from nnscratch.core.table import Table
from nnscratch.inspect.groups import GROUPS, group_of
from nnscratch.kernels.ops import Array
from nnscratch.training.callbacks import Callback, Learner, Logs
from nnscratch.training.growing import Growing

if TYPE_CHECKING:
    from nnscratch.core.step import Step


class Repeater(Protocol):
    """A model that can take a step again from other values."""

    def repeat(self, step: Step, trained: Arena, keep: frozenset[str]) -> Step:
        """The step as a value."""


@dataclass
class Account:
    """One parameter's columns of the ledger: two numbers for each step, 0 where it rested."""

    group: str
    start: array[float]
    """g . dw with the gradient g before the change dw."""
    entry: array[float]
    """The same with the mean of the gradients along the step."""

    @classmethod
    def blank(cls, group: str, steps: int) -> Account:
        """That of a parameter that has not been trained yet, after some steps."""
        return cls(group, array("d", bytes(8 * steps)), array("d", bytes(8 * steps)))


class Found(NamedTuple):
    """What a step that may still be given up would change."""

    step: int
    groups: Mapping[str, str]
    """Of the parameters that it trains."""
    starts: Mapping[str, float]
    entries: Mapping[str, float]
    """As in an `Account`, by parameter."""
    real: float


class Ledger(Callback):
    """Books the change of each batch's loss, by its own step, on the parameters that moved.

    Along the straight line from the old parameters to the new ones the loss changes by the
    integral of g . dw, which is a sum over the parameters. With g at the start of the line it is
    the first order of the change, and free: a step holds it. Steps of a useful size are far too
    long for that, so g is averaged over several places of the line by the rule of Gauss and
    Lobatto: the mean of both ends, of both ends and the middle (Simpson's rule) ... A rule of n
    places is exact where the loss is a polynomial of degree 2n - 2 along the line.

    Each further place costs one more gradient of the batch. It is taken under the step's own
    random masks, and by the batch's own moments: of the very same loss, so that nothing but its
    shape along the line stands between the entries and the real change.

    Changes of a batch's loss by its own step do not add up to the fall of the whole set's loss.

    Args:
        gradients: at how many places. With 1 the entries are of first order, and the real change
            is not known.

    Raises:
        ArgumentError: that is no whole number from 1.
    """

    def __init__(self, gradients: int = 2):
        self.gradients = positive("Ledger gradients", gradients)
        self.steps: list[int] = []
        """The steps that were booked."""
        self._real = array("d")
        self._accounts: dict[str, Account] = {}
        self._found: Found | None = None

    def set_model(self, model: Learner) -> None:
        """Remember who can compute further gradients."""
        super().set_model(model)
        self._repeater = cast(Repeater, model)

    def on_step(self, step: Step) -> None:
        """Find out what one step changes."""
        self._found = None
        change = step.after.buffer - step.before.buffer.astype(np.float64)
        starts, entries = products(step, change), Counter[str]()
        for place, weight in zip(*places(self.gradients), strict=True):
            there = self._step_at(step, place, change)
            for path, product in (products(there, change) if place else starts).items():
                entries[path] += weight * product
        groups = {path: group_of(step, path) for path in step.before}
        real = there.loss - step.loss if self.gradients > 1 else math.nan
        self._found = Found(step.index, groups, starts, entries, real)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """The step is applied: book it."""
        if self._found is None:
            return
        (index, groups, starts, entries, real), self._found = self._found, None
        for path, group in groups.items():
            if path not in self._accounts:
                self._accounts[path] = Account.blank(group, len(self.steps))
        for path, account in self._accounts.items():
            account.start.append(starts.get(path, 0.0))
            account.entry.append(entries.get(path, 0.0))
        self._real.append(real)
        self.steps.append(index)

    def _step_at(self, step: Step, place: float, change: Array) -> Step:
        """The step as it would be from a place of its own line, from 0 to 1."""
        if place == 0:
            return step
        after = step.after
        if place != 1:
            buffer = (step.before.buffer + place * change).astype(after.buffer.dtype)
            after = Arena(after.layout, buffer).sealed()
        return self._repeater.repeat(step, after, frozenset())

    def state(self) -> Mapping[str, Any]:
        """All that is booked."""
        groups = {path: account.group for path, account in self._accounts.items()}
        columns = [array for own in self._accounts.values() for array in (own.start, own.entry)]
        table = np.array([self._real, *columns]).T  # (steps, 1 + 2 accounts)
        return {
            "groups": groups,
            "steps": Growing(np.array(self.steps, np.int64)),
            "table": Growing(table),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with what was booked."""
        self.steps = np.asarray(state["steps"]).tolist()
        real, *columns = (array("d", column) for column in np.asarray(state["table"]).T)
        self._real = real
        self._accounts = {
            path: Account(group, start, entry)
            for (path, group), start, entry in zip(
                state["groups"].items(), columns[::2], columns[1::2], strict=True
            )
        }

    @property
    def entries(self) -> dict[str, float]:
        """By parameter, the sum over the steps: negative where it made the loss fall."""
        return {path: float(np.sum(a.entry)) for path, a in self._accounts.items()}

    @property
    def members(self) -> dict[str, list[str]]:
        """The parameters of each group that has any."""
        accounts = self._accounts.items()
        listed = {g: [path for path, own in accounts if own.group == g] for g in GROUPS}
        return {group: paths for group, paths in listed.items() if paths}

    @property
    def groups(self) -> dict[str, float]:
        """The sums of the kernels, the biases, the norm parameters and the others."""
        entries = self.entries
        return {group: sum(entries[p] for p in paths) for group, paths in self.members.items()}

    @property
    def total(self) -> float:
        """The sum of the entries."""
        return sum(self.entries.values())

    @property
    def first_order(self) -> float:
        """The sum of g . dw with g at the start of each step."""
        return sum(float(np.sum(account.start)) for account in self._accounts.values())

    @property
    def real(self) -> float:
        """The sum of what the losses of the batches really changed by; NaN if not measured."""
        return float(np.sum(self._real))

    @property
    def residual(self) -> float:
        """What the entries miss of the real change."""
        return self.real - self.total

    def shares(self) -> dict[str, float]:
        """Each parameter's part of the total; all 0 where nothing changed."""
        total = self.total
        return {path: entry / total if total else 0.0 for path, entry in self.entries.items()}

    def course(self, name: str) -> Array:
        """The sum so far after each step, (steps,).

        Args:
            name: a parameter's path, a group's name such as "kernels", "total", or "real".

        Raises:
            UnknownNameError: it is none of these.
        """
        if name == "real":
            return np.cumsum(self._real)
        members = [
            account.entry
            for path, account in self._accounts.items()
            if name in (path, account.group, "total")
        ]
        if not members and name != "total":
            known = [*self._accounts, *self.members, "total", "real"]
            raise UnknownNameError("course", name, known)
        entries = np.reshape(members, (len(members), len(self.steps)))  # (parameters, steps)
        return np.cumsum(np.sum(entries, axis=0))

    # -- views ------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"Ledger({len(self.steps)} steps: {len(self._accounts)} parameters)"

    def __str__(self) -> str:
        return str(self._table()) if self.steps else "Ledger: nothing is booked yet"

    def _repr_html_(self) -> str:
        return self._table()._repr_html_() if self.steps else str(self)

    def _table(self) -> Table:
        span = f"{self.steps[0]} to {self.steps[-1]}"
        title = f"learning ledger of {len(self.steps)} steps, {span}"
        notes = ["the sums of g . dw: negative where a parameter made the loss of its batch fall"]
        if self.gradients > 1:
            headings: tuple[str, ...] = ("parameter", "first order", "along", "share")
            notes.append(f"along: with the mean of {self.gradients} gradients along each step")
        else:
            headings = ("parameter", "first order", "share")
            notes.append("nn.Ledger(gradients=2) comes closer, and measures the real change")
        return Table(title, headings, list(self._rows()), notes)

    def _rows(self) -> Iterator[tuple[str, ...]]:
        """A row for each group, with its parameters from the largest entry to the smallest."""
        accounts, entries, total = self._accounts, self.entries, self.total

        def row(name: str, paths: Iterable[str]) -> tuple[str, ...]:
            start = sum(float(np.sum(accounts[path].start)) for path in paths)
            entry = sum(entries[path] for path in paths)
            along = (number(entry),) if self.gradients > 1 else ()
            return name, number(start), *along, f"{entry / total if total else 0.0:.1%}"

        for group, members in self.members.items():
            yield row(group, members)
            for path in sorted(members, key=lambda path: -abs(entries[path])):
                yield row(f"  {path}", [path])
        yield row("sum", accounts)
        if self.gradients > 1:
            yield "real change", "", number(self.real), ""
            yield "residual", number(self.real - self.first_order), number(self.residual), ""


def places(count: int) -> tuple[Array, Array]:
    """Where on a line from 0 to 1 a function is read for its integral, and with what weights.

    Gauss and Lobatto: both ends, and the extrema of the Legendre polynomial P of degree count - 1
    between them; on [-1, 1] the weights are 2 / (count (count - 1) P(x)^2). One place: the start.

    Source: Abramowitz & Stegun, Handbook of Mathematical Functions, 25.4.32.
    """
    if count == 1:
        return np.zeros(1), np.ones(1)
    polynomial = Legendre.basis(count - 1)
    x = np.array([-1.0, *polynomial.deriv().roots(), 1.0])
    return (x + 1) / 2, 1 / (count * (count - 1) * polynomial(x) ** 2)


def products(step: Step, change: Array) -> dict[str, float]:
    """g . dw by parameter, in float64.

    Args:
        step: whose gradient, before any clipping, it is.
        change: of all trained parameters, laid out like the step's.
    """
    product = step.total_gradients.buffer * change
    return {path: float(np.sum(product[part])) for path, part in step.before.layout.slices.items()}
