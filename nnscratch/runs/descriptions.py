"""Layers, initializers, losses, optimizers ... as JSON, and back.

A description becomes its class and the arguments that make it again. A class is written by its name
and looked up among nnscratch's own: no name in a file is ever imported or executed. What is not
nnscratch's own is written as "foreign": it can be compared, but not made again.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nnscratch import (
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
    schedules,
)
from nnscratch.core.errors import DescriptionType
from nnscratch.core.layer import Layer
from nnscratch.kernels.ops import Array
from nnscratch.runs.errors import RunError
from nnscratch.training.arrays import blocks

MODULES = {
    "layers": layers,
    "initializers": initializers,
    "regularizers": regularizers,
    "constraints": constraints,
    "schedules": schedules,
    "losses": losses,
    "metrics": metrics,
    "optimizers": optimizers,
}
CLASSES: dict[str, type[Any]] = {
    f"{group}.{kind.__name__}": kind
    for group, module in MODULES.items()
    for kind in vars(module).values()
    if isinstance(kind, DescriptionType) and not inspect.isabstract(kind)
}
NAMES = {kind: name for name, kind in CLASSES.items()}


class Writer:
    """Descriptions -> JSON. Layers and arrays that they name are gathered beside it.

    Attributes:
        layers: every layer that was met, in an order in which they can be made, by key.
        arrays: every array that was met, in float64, by digest.
    """

    def __init__(self, keys: Mapping[Layer, str]):
        """Layers go by these keys; those without one are numbered."""
        self._keys = dict(keys)
        self.layers: dict[str, Any] = {}
        self.arrays: dict[str, Array] = {}

    def value(self, value: Any) -> Any:
        """An argument of a description."""
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        if isinstance(value, np.ndarray):
            return {"array": self.array(value.astype(np.float64))}
        if isinstance(value, Layer):
            return {"layer": self.layer(value)}
        if isinstance(type(value), DescriptionType):
            return self.description(value)
        function = getattr(value, "__qualname__", None)
        return {"foreign": f"function {function}" if function else type(value).__qualname__}

    def description(self, value: Any) -> dict[str, Any]:
        """The class of a description, and the arguments that it was made with."""
        config = {name: self.value(argument) for name, argument in arguments(value).items()}
        name = NAMES.get(type(value))
        if name is None:
            return {"foreign": type(value).__qualname__, "config": config}
        return {"class": name, "config": config}

    def layer(self, layer: Layer, before: Layer | None = None) -> str:
        """The key of a layer; `before` is the one that made it as its own activation."""
        key = self._keys.setdefault(layer, f"#{len(self._keys)}")
        if key not in self.layers:
            if before is None or any(item is layer for item in before.config.values()):
                entry = self.description(layer)  # the layers among its arguments come before it
            else:
                entry = {"activation_of": self.layer(before)}
            self.layers[key] = entry
        return key

    def array(self, array: Array) -> str:
        """The digest of an array."""
        digest = fingerprint(array)
        self.arrays[digest] = array
        return digest


class Reader:
    """JSON -> descriptions.

    Raises:
        RunError: the JSON describes nothing that nnscratch can make.
    """

    def __init__(self, arrays: Mapping[str, Array]):
        self.layers: dict[str, Layer] = {}
        self._arrays = arrays

    def value(self, value: Any) -> Any:
        """An argument of a description."""
        if isinstance(value, list):
            return tuple(self.value(item) for item in value)
        if not isinstance(value, dict):
            return value
        if "array" in value:
            return self._arrays[value["array"]]
        if "layer" in value:
            return self.layers[value["layer"]]
        return self.description(value, object)

    def description(self, value: Mapping[str, Any], kind: type) -> Any:
        """The description, which must be of that kind."""
        found = CLASSES.get(value["class"])
        if found is None or not issubclass(found, kind):
            raise RunError(f"{value['class']!r} is no {kind.__name__.lower()} of nnscratch")
        return found(**{name: self.value(item) for name, item in value["config"].items()})

    def layer(self, key: str, value: Mapping[str, Any]) -> None:
        """Make the next layer."""
        if "activation_of" in value:
            activation = self.layers[value["activation_of"]].activation
            if activation is None:
                raise RunError(f"layer {key!r} is the activation of one that has none")
            self.layers[key] = activation
        else:
            self.layers[key] = self.description(value, Layer)


def arguments(value: Any) -> Mapping[str, Any]:
    """The arguments that make a description again."""
    if isinstance(value, Layer):
        return value.config
    _, *names = inspect.signature(type(value).__init__).parameters
    return {name: getattr(value, name) for name in names if hasattr(value, name)}


def foreign(value: Any) -> Iterator[str]:
    """The names of what nnscratch cannot make, anywhere in a description."""
    if isinstance(value, dict):
        if isinstance(value.get("foreign"), str):
            yield value["foreign"]
        for item in value.values():
            yield from foreign(item)
    elif isinstance(value, list):
        for item in value:
            yield from foreign(item)


def fingerprint(array: Array) -> str:
    """A digest of an array's dtype, shape and bytes."""
    digest = hashlib.blake2b(f"{array.dtype.str} {array.shape} ".encode(), digest_size=16)
    for _, block in blocks(array):
        digest.update(np.ascontiguousarray(block).data)
    return digest.hexdigest()
