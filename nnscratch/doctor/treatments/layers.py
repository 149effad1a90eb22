"""Treatments of the layers before the output: their first weights, activations and arguments."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nnscratch import initializers
from nnscratch.core.layer import Layer
from nnscratch.doctor.program import Program
from nnscratch.doctor.rewiring import Exchange, remade
from nnscratch.doctor.treatments.treatment import Treatment, TreatmentError
from nnscratch.doctor.wiring import hidden
from nnscratch.layers import Activation


@dataclass(frozen=True)
class FirstWeights(Treatment):
    """The kernels of some layers drawn anew, from the model's own seed."""

    layers: tuple[str, ...]
    """By path."""
    initializer: str = "he_normal"

    def __call__(self, program: Program) -> Program:
        """With other values to start from."""
        draw = initializers.get(self.initializer)
        return program.with_values(
            program.drawn({program.graph.layers[path]: draw for path in self.layers})
        )

    def __str__(self) -> str:
        return f"first weights of {', '.join(self.layers)} from {self.initializer}"


@dataclass(frozen=True)
class LayerArguments(Treatment):
    """Some layers made with other arguments."""

    layers: tuple[str, ...]
    """By path."""
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, program: Program) -> Program:
        """With other layers in their places."""
        exchange: dict[Layer, Layer | None] = {}
        for path in self.layers:
            exchange |= remade(program.graph.layers[path], **self.arguments)
        return program.rewired(Exchange(exchange))

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"{told} in {', '.join(self.layers)}"


@dataclass(frozen=True)
class Wider(Treatment):
    """A layer with more units, or filters."""

    layer: str
    """By path."""
    units: int = 32

    def __call__(self, program: Program) -> Program:
        """With a wider layer, whose first weights are drawn anew, as are those behind it."""
        return program.rewired(Exchange(widened(program.graph.layers[self.layer], self.units)))

    def __str__(self) -> str:
        return f"{self.units} units in {self.layer}"


def widened(layer: Layer, units: int) -> dict[Layer, Layer | None]:
    """A layer with another number of units, as part of an `Exchange`.

    Raises:
        TreatmentError: it has none.
    """
    for name in ("units", "filters"):
        if name in layer.config:
            return remade(layer, **{name: units})
    raise TreatmentError(f"{layer!r} has no units that could be more")


@dataclass(frozen=True)
class NoPenalty(Treatment):
    """All layers without their regularisers."""

    def __call__(self, program: Program) -> Program:
        """With layers that have no penalty."""
        exchange: dict[Layer, Layer | None] = {}
        for layer in program.graph.layers.values():
            penalties = {n: None for n in layer.config if n.endswith("_regularizer")}
            if penalties:
                exchange |= remade(layer, **penalties)
        if not exchange:
            raise TreatmentError("no layer was made with a regulariser")
        return program.rewired(Exchange(exchange))

    def __str__(self) -> str:
        return "no penalty"


@dataclass(frozen=True)
class Unfrozen(Treatment):
    """All layers are trained."""

    def __call__(self, program: Program) -> Program:
        """With nothing frozen."""
        return dataclasses.replace(program, start=program.start._replace(frozen=frozenset()))

    def __str__(self) -> str:
        return "all layers trained"


@dataclass(frozen=True)
class HiddenActivations(Treatment):
    """One activation in place of all between the input and the last layers with weights."""

    name: str

    def __call__(self, program: Program) -> Program:
        """With other activations."""
        nodes = hidden(program.build())
        bends = {node.layer for node in nodes if node.layer.role == "activation"}
        if not bends:
            raise TreatmentError("the network has no hidden activations")
        return program.rewired(Exchange({layer: Activation(self.name) for layer in bends}))

    def __str__(self) -> str:
        return f"{self.name} as hidden activation"
