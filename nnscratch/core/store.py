"""Values: named views into flat arrays, and the store that models over the same layers share."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from nnscratch.core.errors import UnknownNameError
from nnscratch.core.graph import Weight
from nnscratch.core.layer import Layer, Shape
from nnscratch.kernels.ops import Array

if TYPE_CHECKING:
    from nnscratch.backend import Backend


class Layout:
    """Where each named array lies in a flat buffer."""

    def __init__(self, shapes: Mapping[str, Shape]):
        self.shapes = dict(shapes)
        ends = list(itertools.accumulate(math.prod(shape) for shape in shapes.values()))
        starts = [0, *ends][:-1] if ends else []
        self.slices = {
            path: slice(start, end) for path, start, end in zip(shapes, starts, ends, strict=True)
        }
        self.size = ends[-1] if ends else 0

    @classmethod
    def of(cls, weights: Iterable[Weight]) -> Layout:
        """The layout of a network's weights, in their order."""
        return cls({weight.path: weight.param.shape for weight in weights})


class Arena(Mapping[str, Array]):
    """Arrays by path that are views into one contiguous buffer.

    An optimizer, a global norm or an all-reduce is one call on `buffer`.
    """

    def __init__(self, layout: Layout, buffer: Array):
        if buffer.shape != (layout.size,):
            raise ValueError(f"Arena: expected a buffer ({layout.size},), got {buffer.shape}")
        self.layout = layout
        self.buffer = buffer
        self._views: dict[str, Array] = {}

    def sealed(self) -> Arena:
        """The same values for reading only: what a step holds stays as it was."""
        return Arena(self.layout, seal(self.buffer))

    def __getitem__(self, path: str) -> Array:
        if path not in self:
            raise UnknownNameError("weight", path, self)
        if path not in self._views:
            flat = self.buffer[self.layout.slices[path]]
            self._views[path] = flat.reshape(self.layout.shapes[path])
        return self._views[path]

    def __contains__(self, path: object) -> bool:
        return path in self.layout.slices

    def __iter__(self) -> Iterator[str]:
        return iter(self.layout.slices)

    def __len__(self) -> int:
        return len(self.layout.slices)


def gathered(backend: Backend, layout: Layout, values: Mapping[str, Array], dtype: Any) -> Arena:
    """Arrays by path, copied side by side."""
    none = backend.xp.empty(0, dtype)  # the beginning, also where there is no array
    flat = [values[path].reshape(-1) for path in layout.slices]
    return Arena(layout, backend.k.concatenate(0, none, *flat)).sealed()


def filled(arena: Arena, values: Mapping[str, Array]) -> Arena:
    """An arena in which some of these values have been written already, with the others."""
    for path, view in arena.items():
        if values[path] is not view:
            view[...] = values[path]
        seal(view)
    return arena.sealed()


def seal(array: Array) -> Array:
    """The same array, which nobody can write to from here on, where its module can tell (NumPy)."""
    if hasattr(array.flags, "writeable"):
        array.flags.writeable = False
    return array


def is_on_device(value: object) -> bool:
    """Whether this is an array in a GPU's memory."""
    return hasattr(type(value), "__cuda_array_interface__")


def host(array: Any) -> Array:
    """A NumPy array of any backend's array; one on a GPU is waited for, and copied."""
    return np.asarray(array.get() if is_on_device(array) else array)


def by_layer(*arenas: Mapping[str, Array]) -> dict[str, dict[str, Array]]:
    """Arrays by weight path -> arrays by layer path and weight name."""
    nested: dict[str, dict[str, Array]] = {}
    for arena in arenas:
        for path, array in arena.items():
            layer, _, name = path.rpartition("/")
            nested.setdefault(layer, {})[name] = array
    return nested


class Store:
    """The current value of every weight, keyed by the layer itself and the weight's name.

    Models over the same layers share a store and so their values: train the siamese network,
    and its embedder predicts with what was learned. Values live as long as their layer.
    """

    def __init__(self) -> None:
        self._values: WeakKeyDictionary[Layer, dict[str, Array]] = WeakKeyDictionary()

    def get(self, weight: Weight) -> Array | None:
        """The value of a weight, None before it has one."""
        return self._values.get(weight.layer, {}).get(weight.name)

    def put(self, weight: Weight, value: Array) -> None:
        """Replace the value of a weight (never its content: others may hold the old one)."""
        self._values.setdefault(weight.layer, {})[weight.name] = seal(value)
