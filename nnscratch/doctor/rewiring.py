"""Rewiring: a network with other layers in some places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nnscratch.core.errors import GraphError
from nnscratch.core.graph import Graph, Symbol, call
from nnscratch.core.layer import Layer


@dataclass(frozen=True)
class Exchange:
    """Which layers give way to which.

    Raises:
        GraphError: on `apply`, a layer of several inputs is to be left out, or the layers no
            longer fit together.
    """

    layers: Mapping[Layer, Layer | None]
    """By the layer that goes, the one that comes; None leaves its calls out."""
    last: Mapping[int, Layer] = field(default_factory=dict)
    """Layers that are put behind outputs, by the outputs' places."""

    def of(self, layer: Layer) -> Layer | None:
        """What stands in a layer's place."""
        return self.layers.get(layer, layer)

    def apply(self, graph: Graph) -> Graph:
        """The graph of the same calls, of the other layers."""
        scopes: dict[Graph, Graph] = {}
        here: dict[Symbol, Symbol] = {symbol: symbol for symbol in graph.inputs}
        for node in graph.nodes:
            layer, inputs = self.of(node.layer), [here[symbol] for symbol in node.inputs]
            if node.scope is not None and node.scope not in scopes:
                scopes[node.scope] = Exchange(self.layers).apply(node.scope)
            if layer is not None:
                scope = None if node.scope is None else scopes[node.scope]
                y = call(layer, inputs, scope)
                if layer.activation is not None and node.layer.activation is None:
                    y = call(layer.activation, [y], scope)
                here[node.output] = y
            elif len(inputs) == 1:
                here[node.output] = inputs[0]
            else:
                raise GraphError(f"{graph.keys[node]}: has several inputs, and cannot be left out")
        outputs = [here[symbol] for symbol in graph.outputs]
        for place, layer in self.last.items():
            outputs[place] = call(layer, [outputs[place]])
        return Graph(graph.inputs, outputs, graph.name, graph.kind)


def remade(layer: Layer, **arguments: Any) -> dict[Layer, Layer | None]:
    """A layer with other arguments, and its own activation's new self: parts of an `Exchange`.

    Raises:
        UnknownNameError: it takes no such argument.
    """
    new: Layer = type(layer)(**{**layer.config, **arguments})
    found: dict[Layer, Layer | None] = {layer: new}
    if layer.activation is not None:
        found[layer.activation] = new.activation
    return found
