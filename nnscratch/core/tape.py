"""Call and Tape: what every call of a layer read, computed and handed back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from nnscratch.core.context import Context
from nnscratch.core.errors import NNError, UnknownNameError
from nnscratch.core.layer import Layer, Values
from nnscratch.kernels.ops import Array

T = TypeVar("T")

FORWARD = frozenset({"inputs", "output", "cache", "state_in", "state_out"})
BACKWARD = frozenset({"output_gradient", "input_gradients", "param_gradients"})
ALL = FORWARD | BACKWARD
"""The fields of a Call that may be kept or freed."""


class Kept(Generic[T]):
    """A field of a Call: read where it was kept, else found by computing the step again."""

    def __set_name__(self, owner: type[Call], name: str) -> None:
        self.name = name

    def __get__(self, call: Call, owner: type[Call]) -> T:
        value: T = call.read(self.name)
        return value


class Call:
    """One row of a tape: one call of one layer.

    A field that was freed to save memory is recomputed, by the same kernels and to the same
    bits, as soon as somebody reads it.
    """

    inputs = Kept[tuple[Array, ...]]()
    """What the layer read."""
    output = Kept[Array]()
    """What it computed."""
    cache = Kept[Any]()
    """What it kept for its backward pass: a NamedTuple, or None."""
    output_gradient = Kept[Array]()
    """Gradient of the loss by the output, summed over the output's readers."""
    input_gradients = Kept[tuple[Array | None, ...]]()
    """Gradient of the loss by each input: this call's own share."""
    param_gradients = Kept[Values]()
    """Gradient of the loss by each parameter: this call's own share."""
    state_in = Kept[Values]()
    """The state as the call found it."""
    state_out = Kept[Values]()
    """The state as the call left it."""

    def __init__(
        self,
        key: str,
        layer: Layer,
        fields: Mapping[str, Any],
        recompute: Callable[[str], Call] | None = None,
        sources: tuple[str, ...] = (),
    ):
        self.key = key
        self.layer = layer
        self.sources = sources
        """Where each input comes from: the key of a call, or the name of a model's input."""
        self._fields = fields
        self._recompute = recompute

    @property
    def path(self) -> str:
        """The layer's path, which is the key without its number."""
        return self.key.partition("#")[0]

    @property
    def kept(self) -> frozenset[str]:
        """The fields that are in memory."""
        return frozenset(self._fields)

    def extended(self, fields: Mapping[str, Any]) -> Call:
        """The same call with more fields."""
        return self._with({**self._fields, **fields})

    def trimmed(self, keep: frozenset[str]) -> Call:
        """The same call without the fields that need not be kept."""
        fields = self._fields
        return self if keep >= ALL else self._with({n: fields[n] for n in keep if n in fields})

    def _with(self, fields: Mapping[str, Any]) -> Call:
        return Call(self.key, self.layer, fields, self._recompute, self.sources)

    def read(self, name: str) -> Any:
        """A field by its name, recomputed where it was freed."""
        if name in self._fields:
            return self._fields[name]
        if self._recompute is None:
            raise NNError(f"{self.key}: {name} was not computed; run the backward pass for it")
        return getattr(self._recompute(self.key), name)

    def __repr__(self) -> str:
        return f"Call({self.key!r}, {self.layer!r}, kept={sorted(self._fields)})"


def full_key(name: str, keys: Collection[str], what: str = "call") -> str:
    """A call's key, found by itself, or by its layer's path where that was called once.

    Args:
        name: of the call.
        keys: where to look.
        what: what they are, for the message.

    Raises:
        LookupError: the layer was called several times.
        UnknownNameError: there is no such call; names the nearest one.
    """
    if not isinstance(name, str):
        raise UnknownNameError(what, name, keys)
    if name in keys:
        return name
    calls = _calls_of(name, keys)
    if not calls:
        raise UnknownNameError(what, name, keys)
    if len(calls) > 1:
        listed = ", ".join(map(repr, calls))
        raise LookupError(f"{name!r} was called {len(calls)} times: choose one of {listed}")
    return calls[0]


def has_key(name: object, keys: Collection[str]) -> bool:
    """Whether `full_key` finds one."""
    return isinstance(name, str) and (name in keys or len(_calls_of(name, keys)) == 1)


def _calls_of(path: str, keys: Collection[str]) -> list[str]:
    return [key for key in keys if key.partition("#")[0] == path]


def labels(keys: Iterable[str]) -> dict[str, str]:
    """Keys for people, by key: without their number where the layer was called once."""
    paths = {key: key.partition("#")[0] for key in keys}
    calls = Counter(paths.values())
    return {key: path if calls[path] == 1 else key for key, path in paths.items()}


class Tape(Mapping[str, Call]):
    """The calls of one run through a graph, in topological order, by key.

    A key without its number, "conv2d" for "conv2d#0", will do where a layer was called once.
    """

    def __init__(
        self,
        ctx: Context,
        calls: Iterable[Call],
        outputs: tuple[Array, ...],
        state: Mapping[str, Values],
        gradients: Mapping[str, Array] = MappingProxyType({}),
        input_gradients: tuple[Array, ...] = (),
        sources: tuple[str, ...] = (),
    ):
        self.ctx = ctx
        self.outputs = outputs
        """The values of the graph's outputs."""
        self.sources = sources
        """Where each output comes from: the key of a call, or the name of a model's input."""
        self.state = state
        """The state of every layer that has one, by path, after its last call."""
        self.gradients = gradients
        """Gradient of the loss by each weight, by path: the sum over the layer's calls."""
        self.input_gradients = input_gradients
        """Gradient of the loss by each input of the graph; none where they were not asked for."""
        self._calls = {call.key: call for call in calls}

    def __getitem__(self, key: str) -> Call:
        return self._calls[full_key(key, self._calls)]

    def calls_of(self, path: str) -> list[Call]:
        """All calls of the layer at a path."""
        return [call for call in self._calls.values() if call.path == path]

    def with_gradients(self, gradients: Mapping[str, Array]) -> Tape:
        """The same calls, with the weights' gradients in other arrays."""
        calls, ends = self._calls.values(), (self.input_gradients, self.sources)
        return Tape(self.ctx, calls, self.outputs, self.state, gradients, *ends)

    def pop(self, key: str) -> Call:
        """Give a call away, so that its memory ends with its reader."""
        return self._calls.pop(key)

    def __contains__(self, key: object) -> bool:
        return has_key(key, self._calls)

    def __iter__(self) -> Iterator[str]:
        return iter(self._calls)

    def __len__(self) -> int:
        return len(self._calls)

    def __repr__(self) -> str:
        return f"Tape({list(self._calls)})"
