"""Step: a training step as a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from nnscratch.core import describe
from nnscratch.core.arguments import instance
from nnscratch.core.errors import NNError, UnknownNameError, look_up
from nnscratch.core.layer import Values
from nnscratch.core.store import Arena
from nnscratch.core.tape import Call, Tape
from nnscratch.kernels.ops import Array

if TYPE_CHECKING:
    from nnscratch.backend import Backend


@dataclass(frozen=True)
class Batch:
    """The rows of a step as the model saw them: cast, checked and in order."""

    inputs: tuple[Array, ...]
    targets: tuple[Array, ...]
    weights: Array | None = None
    """One factor per row, (N,), or None."""

    def __len__(self) -> int:
        return len(self.inputs[0])

    def on(self, backend: Backend) -> Self:
        """The batch as a backend's arrays; what is there already is not copied."""
        weights = None if self.weights is None else backend.from_host(self.weights)
        inputs, targets = (tuple(map(backend.from_host, xs)) for xs in (self.inputs, self.targets))
        return replace(self, inputs=inputs, targets=targets, weights=weights)


class Total(NamedTuple):
    """A weighted sum of numbers that stay where they are until somebody reads it: float(total)."""

    terms: tuple[tuple[float, Any], ...]
    """Weight and value of each."""

    def __float__(self) -> float:
        return sum((weight * float(value) for weight, value in self.terms), 0.0)


@dataclass(frozen=True, eq=False, repr=False)
class Step:
    """Everything that one training step reads and computes, before and after.

    What was computed on a GPU stays there until it is read, loss and metrics too.

    A step changes nothing: `model.apply(step)` does. Arenas map a weight's path, such as
    "conv2d/kernel", to its array.
    """

    index: int
    """How many steps the model had taken."""
    batch: Batch
    data_total: Total
    """The losses of the outputs, and the weight of each, before the update."""
    penalty_total: Total
    """The regularisers' penalties, before the update."""
    measured: Callable[[tuple[Mapping[str, Array], ...]], Mapping[str, float]]
    """What the sums behind the metrics come to."""
    metric_states: tuple[Mapping[str, Array], ...]
    """The sums behind each metric; those of several batches can be added."""
    calls: Tape
    """Every call of every layer, by key: `calls["conv2d#0"]`."""
    before: Arena
    """The trained parameters as the step found them."""
    frozen: Arena
    """The parameters that are not trained."""
    data_gradients: Arena
    """Gradient of the data loss, summed over the calls of each layer."""
    penalty_gradients: Arena
    """Gradient of the regularisers."""
    total_gradients: Arena
    """Both parts together."""
    gradients: Arena
    """What the optimizer read: both parts, clipped as the optimizer was told to."""
    asked: Callable[[], Arena]
    """Makes `updates`."""
    after: Arena
    """The parameters that `apply` will install: constrained, and rounded to their dtype."""
    state: Mapping[str, Values]
    """State by layer path (moving averages of batch norm) as the step found it ..."""
    state_after: Mapping[str, Values]
    """... and as `apply` will leave it."""
    slots: Mapping[str, Arena]
    """The optimizer's memory (velocity, moments ...) as the step found it ..."""
    slots_after: Mapping[str, Arena]
    """... and as `apply` will leave it."""

    @property
    def total(self) -> Total:
        """The loss, which is read when somebody asks for it."""
        return Total(((1.0, self.data_total), (1.0, self.penalty_total)))

    @cached_property
    def loss(self) -> float:
        """The loss of the batch, penalty included, before the update."""
        return float(self.data_total) + self.penalty

    @cached_property
    def penalty(self) -> float:
        """The regularisers' part of the loss."""
        return float(self.penalty_total)

    @cached_property
    def updates(self) -> Arena:
        """What the optimizer asked to add, weight decay included; made when it is first read.

        Where a rule of ours moves the parameters in one pass, the step does not write this down:
        the same rule on the same numbers gives the same bits.
        """
        return self.asked()

    @cached_property
    def metrics(self) -> Mapping[str, float]:
        """The metrics of the batch, before the update."""
        return self.measured(self.metric_states)

    def __getitem__(self, key: str) -> Call:
        try:
            return self.calls[key]
        except UnknownNameError as error:
            for arena in ("before", "frozen"):
                if isinstance(key, str) and key in getattr(self, arena):
                    error.add_note(f"{key!r} is a weight: step.{arena}[{key!r}]")
            raise

    def __contains__(self, key: object) -> bool:
        return key in self.calls

    def __iter__(self) -> Iterator[str]:
        return iter(self.calls)

    def __len__(self) -> int:
        return len(self.calls)

    def gradient(self, path: str) -> Array:
        """The gradient of a parameter, data and penalty part together, before any clipping."""
        return self._trained(path, self.total_gradients)

    def update(self, path: str) -> Array:
        """What the optimizer asked to add to a parameter."""
        return self._trained(path, self.updates)

    def applied(self, path: str) -> Array:
        """What a parameter really changed by, in float64: after - before."""
        after = self._trained(path, self.after).astype(np.float64)
        return after - self.before[path].astype(np.float64)

    def shares(self, path: str) -> dict[str, Array]:
        """The share of each call of a shared layer in a parameter's gradient, by call key."""
        self._trained(path, self.data_gradients)
        layer, _, name = path.rpartition("/")
        return {call.key: call.param_gradients[name] for call in self.calls.calls_of(layer)}

    def explain(self, path: str) -> str:
        """How one parameter came to change: values, gradient and its parts, update, after."""
        self._trained(path, self.before)
        return describe.parameter(self, path)

    def _trained(self, path: str, values: Arena) -> Array:
        if path in self.frozen:
            raise NNError(f"{path} is frozen: step {self.index} has no gradient of it")
        return look_up("trained parameter", path, values)

    def __repr__(self) -> str:
        rows, calls = len(self.batch), len(self.calls)
        return f"Step({self.index}: {rows} rows, loss {self.loss:.6g}, {calls} calls)"

    def __str__(self) -> str:
        return str(describe.table(self))

    def _repr_html_(self) -> str:
        return describe.table(self)._repr_html_()


def checked_step(what: str, given: object) -> Step:
    """A step that somebody gave to a call."""
    return instance(what, given, Step, "a step, such as model.train_step(x, y)")


def tape_of(what: str, given: object) -> Tape:
    """The tape of a step, or the tape itself, that somebody gave to a call."""
    if isinstance(given, Step):
        return given.calls
    expected = "a step, such as model.train_step(x, y), or a tape that was run backward"
    return instance(what, given, Tape, expected)
