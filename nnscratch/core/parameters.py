"""Parameters: the weights of one graph, in arenas, and which of them are trained."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from nnscratch.backend import Backend, BackendError
from nnscratch.core.errors import DTypeError, NNError, ShapeError, UnknownNameError, look_up
from nnscratch.core.executor import Nested
from nnscratch.core.graph import Graph, Weight
from nnscratch.core.layer import Layer, Values
from nnscratch.core.plan import Plan
from nnscratch.core.store import Arena, Layout, Store, by_layer, gathered, seal
from nnscratch.core.values import initial_value
from nnscratch.kernels.ops import Array


class Weights(dict[str, Array]):
    """Values by path, for reading; a path that is not there is named, with the nearest one.

    It is no part of the model: what somebody wrote into it would never reach that.
    """

    def __missing__(self, path: str) -> Array:
        raise UnknownNameError("weight", path, self)

    def __setitem__(self, path: str, value: Array) -> None:
        raise NNError(
            f"params: are read only; to set a weight, model.set_weights({{{path!r}: value}})"
        )

    def __reduce__(self) -> tuple[type[dict[str, Array]], tuple[dict[str, Array]]]:
        return dict, (dict(self),)  # a copy is its owner's


class Parameters:
    """The current values of a graph's weights.

    Trained parameters lie in one arena, frozen ones in another, state (moving averages) beside
    them. Values are never overwritten: a change installs new arrays, so whoever holds the old
    ones keeps what they saw. Reading never changes the store, so that one model may be read while
    a step of another waits to be applied.
    """

    _trained: Arena
    _frozen: Arena

    def __init__(self, graph: Graph, store: Store, backend: Backend, dtype: Any, seed: int):
        """Take the store's values, and draw first ones where it has none.

        Raises:
            ShapeError, DTypeError: the store's value is of another shape or dtype than this
                graph needs.
        """
        self.graph = graph
        self.store = store
        self.backend = backend
        self.dtype = np.dtype(dtype)
        self._frozen_layers: frozenset[Layer] = frozenset(
            layer for layer in graph.paths if not layer.trainable
        )
        self._weights = {weight.path: weight for weight in graph.weights}
        first = {
            weight: initial_value(weight.path, weight.param, seed, backend, self.dtype)
            for weight in graph.weights
            if self._is_new(weight)
        }
        for weight, value in first.items():
            store.put(weight, value)
        self._arrange()
        self._install({weight.path for weight in first})

    def freeze(self, *patterns: str, frozen: bool = True) -> None:
        """Stop (or resume) training the layers whose path matches a pattern such as "conv2d*".

        Raises:
            UnknownNameError: no layer matches.
        """
        chosen: set[Layer] = set()
        for pattern in patterns:
            matching = {
                layer
                for path, layer in self.graph.layers.items()
                if fnmatchcase(path, pattern) or fnmatchcase(path, f"{pattern}/*")
            }
            if not matching:
                raise UnknownNameError("layer to freeze", pattern, self.graph.layers)
            chosen |= matching
        old = self._frozen_layers
        self._train_all_but(old | chosen if frozen else old - chosen)

    @property
    def frozen_layers(self) -> frozenset[str]:
        """The paths of the layers that are not trained."""
        return frozenset(self.graph.paths[layer] for layer in self._frozen_layers)

    @frozen_layers.setter
    def frozen_layers(self, paths: Collection[str]) -> None:
        layers = self.graph.layers
        self._train_all_but(frozenset(look_up("layer", path, layers) for path in paths))

    def _train_all_but(self, frozen: frozenset[Layer]) -> None:
        self._frozen_layers = frozen
        self._arrange()
        self._install(self._weights)

    @property
    def plan(self) -> Plan:
        """How to run the graph with what is frozen now."""
        return self._plan

    @property
    def trained_weights(self) -> tuple[Weight, ...]:
        """The weights that the optimizer sees, in the arena's order."""
        return self._trained_weights

    @property
    def trained(self) -> Arena:
        """The trained parameters; gathered anew if another model changed one of them."""
        self._trained = self._current(self._trained)
        return self._trained

    @property
    def frozen(self) -> Arena:
        """The parameters that are not trained."""
        self._frozen = self._current(self._frozen)
        return self._frozen

    @property
    def state(self) -> Nested:
        """The untrainable weights by layer path and name."""
        values = {w.path: self._value(w) for w in self.graph.weights if not w.param.trainable}
        return by_layer(values)

    def commit(self, trained: Arena, state: Mapping[str, Values]) -> None:
        """Install new values; the old arrays stay as they are."""
        self._trained = trained
        self._install(trained)
        for layer, values in state.items():
            for name, value in values.items():
                self.store.put(self._weights[f"{layer}/{name}"], value)

    def values(self) -> Weights:
        """All weights by path, in the graph's order, as read-only views."""
        return Weights(
            {weight.path: seal(self._value(weight).view()) for weight in self.graph.weights}
        )

    def replace(self, values: Mapping[str, Array]) -> None:
        """Install values given by path; all are checked before any is changed.

        Raises:
            UnknownNameError: a path that the graph has not.
            ShapeError: a value of another shape.
            DTypeError: a value that is no number of the model's kind, or too large for it.
        """
        ready = {}
        for path, value in values.items():
            if path not in self._weights:
                raise UnknownNameError("weight", path, self._weights)
            array, shape = self.backend.to_host(value), self._weights[path].param.shape
            if array.shape != shape:
                raise ShapeError(f"{path}: expected {shape}, got {array.shape}")
            if array.dtype.kind not in "fiu":
                raise DTypeError(f"{path}: expected {self.dtype}, got {array.dtype}")
            with np.errstate(over="ignore"):  # found below, and named
                cast = np.array(array, dtype=self.dtype, order="C")
            if not np.array_equal(np.isinf(cast), np.isinf(array)):
                raise DTypeError(f"{path}: expected {self.dtype}, got values too large for it")
            ready[path] = self.backend.from_host(cast)
        for path, array in ready.items():
            self.store.put(self._weights[path], array)
        self._trained, self._frozen = self._current(self._trained), self._current(self._frozen)
        self._install(ready)

    def move(self, backend: Backend) -> None:
        """Hold the values as another backend's arrays; all are copied before any is changed."""
        values = {weight: self._value(weight) for weight in self.graph.weights}
        moved = {
            weight: value  # another model over the same layers has moved it before
            if isinstance(value, backend.xp.ndarray)
            else backend.from_host(self.backend.to_host(value))
            for weight, value in values.items()
        }
        for weight, value in moved.items():
            self.store.put(weight, value)
        self.backend = backend
        self._arrange()
        self._install(self._weights)

    def _value(self, weight: Weight) -> Array:
        value = self.store.get(weight)
        assert value is not None, weight.path
        return value

    def _arrange(self) -> None:
        """Lay the arenas out anew: what is trained has changed."""
        frozen = self._frozen_layers
        params = [weight for weight in self.graph.weights if weight.param.trainable]
        self._trained_weights = tuple(w for w in params if w.layer not in frozen)
        self._plan = Plan(self.graph, frozen)
        self._sources: dict[str, Array] = {}
        self._trained = self._gather(Layout.of(self._trained_weights))
        self._frozen = self._gather(Layout.of(w for w in params if w.layer in frozen))

    def _current(self, arena: Arena) -> Arena:
        """The arena, or a new one where the store no longer holds what it was gathered from."""
        stored = {path: self._value(self._weights[path]) for path in arena}
        if all(value is self._sources[path] for path, value in stored.items()):
            return arena
        return self._gather(arena.layout)

    def _gather(self, layout: Layout) -> Arena:
        """The stored values, side by side."""
        sources = {path: self._value(self._weights[path]) for path in layout.slices}
        for path, value in sources.items():
            if not isinstance(value, self.backend.xp.ndarray):
                raise BackendError(
                    f"{path}: this model works on {self.backend.name!r}, and another one over the "
                    f"same layers does not; move that one too: other.to({self.backend.name!r})"
                )
        self._sources |= sources
        return gathered(self.backend, layout, sources, self.dtype)

    def _install(self, paths: Collection[str]) -> None:
        """Let the store hold the arenas' own views of these weights: one copy of each will do."""
        for arena in (self._trained, self._frozen):
            for path in arena:
                if path in paths:
                    self._sources[path] = arena[path]
                    self.store.put(self._weights[path], arena[path])

    def _is_new(self, weight: Weight) -> bool:
        """Whether the store has no value of a weight; one that another model made must fit."""
        value, shape = self.store.get(weight), weight.param.shape
        if value is None:
            return True
        if value.shape != shape:
            raise ShapeError(
                f"{weight.path} is shared with a model where it is {value.shape}, this one needs "
                f"{shape}; give the layer inputs of the same shape, or each model a store"
            )
        if value.dtype != self.dtype:
            raise DTypeError(
                f"{weight.path} is shared with a model of dtype {value.dtype}, this one is "
                f"{self.dtype}; give models that share layers one dtype, or a store each"
            )
        return False
