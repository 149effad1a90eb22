"""From a description to a compiled model of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import nnscratch as nn
from benchmarks.doctor.faults import BatchSoftmax, tampered
from benchmarks.doctor.losses import CUSTOM
from benchmarks.doctor.program import Described, LayerSpec, ModelSpec, Twin
from nnscratch.core.errors import DescriptionType, look_up
from nnscratch.losses import Loss


def classes_of(module: Any) -> dict[str, Any]:
    """The descriptions that a module of ours offers, by class name."""
    listed = {name: getattr(module, name) for name in module.__all__}
    return {name: kind for name, kind in listed.items() if isinstance(kind, DescriptionType)}


LAYERS = classes_of(nn.layers)
LOSSES = {kind.__name__: kind for kind in nn.losses.NAMES.values()}
OPTIMIZERS = {kind.__name__: kind for kind in nn.optimizers.NAMES.values()}
OPTIONS = {
    "initializer": classes_of(nn.initializers),
    "regularizer": {kind.__name__: kind for kind in nn.regularizers.NAMES.values()},
    "constraint": {kind.__name__: kind for kind in nn.constraints.NAMES.values()},
}
"""What a layer's arguments may describe, by how the arguments' names end."""


def build(twin: Twin, seed: int) -> nn.Model:
    """The compiled model of a twin, with first values from that seed.

    Raises:
        NNError, TypeError, ValueError: a class that we have not, or arguments that it does not
            take.
    """
    model = connected(twin.model, seed)
    optimizer = made("optimizer", twin.optimizer, OPTIMIZERS)
    if twin.fault is not None:
        optimizer = tampered(optimizer, twin.fault)
    model.compile(optimizer, loss_of(twin.loss), list(twin.metrics))
    return model


def connected(spec: ModelSpec, seed: int) -> nn.Model:
    """The network."""
    if spec.sequential:
        (shape,) = spec.inputs.values()
        layers = [layer_of(layer) for layer in spec.layers]
        return nn.Sequential([nn.Input(shape), *layers], seed=seed, store=nn.Store())
    inputs = {name: nn.Input(shape, name=name) for name, shape in spec.inputs.items()}
    symbols: dict[str, nn.Symbol] = dict(inputs)
    for described in spec.layers:
        layer = layer_of(described)
        for number, names in enumerate(described.calls):
            sources = [look_up(f"input of {described.name}", name, symbols) for name in names]
            symbol = layer(sources) if len(sources) > 1 else layer(*sources)
            symbols[f"{described.name}:{number}" if number else described.name] = symbol
    return nn.Model(list(inputs.values()), symbol, seed=seed, store=nn.Store())


def layer_of(spec: LayerSpec) -> nn.Layer:
    """A layer."""
    arguments = {key: _option(key, value) for key, value in spec.layer.arguments.items()}
    layer: nn.Layer
    if spec.layer.kind == "Softmax" and arguments.get("axis") == 0:
        layer = BatchSoftmax(name=spec.name)
    else:
        layer = look_up("layer", spec.layer.kind, LAYERS)(**arguments, name=spec.name)
    return layer


def _option(key: str, value: Any) -> Any:
    """An argument of a layer, made where it is described."""
    if not isinstance(value, Described):
        return value
    kind = key.rpartition("_")[2]
    return made(kind, value, OPTIONS[kind])


def loss_of(given: str | Described) -> Loss:
    """A loss by its name, or made as described."""
    if isinstance(given, Described):
        loss: Loss = made("loss", given, LOSSES)
        return loss
    if given.startswith("custom:"):
        return look_up("loss", given, CUSTOM)
    return nn.losses.get(given)


def made(what: str, given: Described, known: Mapping[str, Any]) -> Any:
    """An object of a class of the table."""
    return look_up(what, given.kind, known)(**given.arguments)
