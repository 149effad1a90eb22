"""Plan: what can be known of a graph's runs before the first."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from nnscratch.core.graph import Graph, Node, Symbol
from nnscratch.core.layer import Layer, Shape

LARGE = 1 << 18
"""Numbers of a parameter whose gradient is not to be copied: 1 MiB in float32."""


class Stage(NamedTuple):
    """One call of the graph, and all that is the same in every run."""

    node: Node
    layer: Layer
    key: str
    path: str
    inputs: tuple[Symbol, ...]
    sources: tuple[str, ...]
    """Where each input comes from: the key of a call, or the name of a model's input."""
    frozen: bool
    """Whether the layer's parameters are kept as they are."""
    wanted: bool
    """Whether training needs the gradient of an input: something behind it can learn."""
    trainable: dict[str, Shape]
    """The parameters' shapes by name, frozen or not."""
    alone: tuple[str, ...]
    """Large trained parameters whose gradients are this call's alone: it may write them where the
    gradients of all will lie."""
    done: tuple[Symbol, ...]
    """Inputs that no later call reads, nor who asked for the outputs."""


class Plan:
    """The calls of a graph in order, who reads what, and what is frozen."""

    def __init__(self, graph: Graph, frozen: frozenset[Layer] = frozenset()):
        self.graph = graph
        self.frozen = frozen
        self.wanted = self._wanted_gradients()
        """The symbols whose gradients training needs: something behind them can learn."""
        self.activations = self._activations()
        """By a product, the activation that is the only one to read it."""
        self.stages = tuple(self._stages())

    def _stages(self) -> Iterator[Stage]:
        graph = self.graph
        last = {symbol: node for node in graph.nodes for symbol in node.inputs}
        calls = Counter(node.layer for node in graph.nodes)
        for node in graph.nodes:
            params = {n: p.shape for n, p in node.spec.params.items() if p.trainable}
            own = calls[node.layer] == 1 and node.layer not in self.frozen and _fills(node.layer)
            yield Stage(
                node=node,
                layer=node.layer,
                key=graph.keys[node],
                path=graph.paths[node.layer],
                inputs=node.inputs,
                sources=tuple(graph.origins[symbol] for symbol in node.inputs),
                frozen=node.layer in self.frozen,
                wanted=not self.wanted.isdisjoint(node.inputs),
                trainable=params,
                alone=tuple(n for n, s in params.items() if own and math.prod(s) >= LARGE),
                done=tuple(
                    symbol
                    for symbol in dict.fromkeys(node.inputs)
                    if last[symbol] is node and symbol not in graph.outputs
                ),
            )

    def _activations(self) -> Mapping[Node, Node]:
        readers = Counter(symbol for node in self.graph.nodes for symbol in node.inputs)
        read_once = {s for s, count in readers.items() if count == 1} - set(self.graph.outputs)
        return {
            symbol.node: node
            for node in self.graph.nodes
            for symbol in node.inputs
            if node.layer.curve is not None
            and _declared_with("forward", node.layer, "applied")
            and symbol in read_once
            and symbol.node is not None
            and symbol.node.layer.applies_activations
            and _declared_with("forward", symbol.node.layer, "applies_activations")
        }

    def _wanted_gradients(self) -> frozenset[Symbol]:
        wanted: set[Symbol] = set()
        for node in self.graph.nodes:
            learns = any(param.trainable for param in node.spec.params.values())
            if (learns and node.layer not in self.frozen) or not wanted.isdisjoint(node.inputs):
                wanted.add(node.output)
        return frozenset(wanted)


def _fills(layer: Layer) -> bool:
    return layer.fills_room and _declared_with("backward", layer, "fills_room")


def _declared_with(method: str, layer: Layer, name: str) -> bool:
    """Whether the class that has a method says so too: who overrides it may do something else."""
    has, said = (
        next(kind for kind in type(layer).__mro__ if attribute in vars(kind))
        for attribute in (method, name)
    )
    return has is said
