"""Wiring: which calls read what, and what lies between them."""

from __future__ import annotations

from collections.abc import Iterator

from nnscratch.core.graph import Node, Symbol
from nnscratch.network import Network

PASSING = ("shape", "pooling", "noise", "merge")
"""Roles of calls behind which numbers are still of the size that they were."""


def raw_readers(model: Network) -> tuple[tuple[str, ...], ...]:
    """For each input, the calls with weights that read it with nothing but shapes in between."""
    return tuple(tuple(readers(model, symbol)) for symbol in model.graph.inputs)


def readers(model: Network, symbol: Symbol) -> Iterator[str]:
    """The calls with weights behind a symbol."""
    for node in model.graph.nodes:
        if symbol not in node.inputs:
            continue
        if node.layer.role == "weights":
            yield model.graph.keys[node]
        elif node.layer.role in PASSING:
            yield from readers(model, node.output)


def weighted(model: Network) -> list[Node]:
    """The calls with trained kernels, in the order of the graph, each layer once."""
    found: dict[object, Node] = {}
    for node in model.graph.nodes:
        if node.layer.role == "weights":
            found.setdefault(node.layer, node)
    return list(found.values())


def kernel_paths(model: Network) -> list[str]:
    """The paths of the kernels, from the first layer to the last."""
    return [f"{model.graph.paths[node.layer]}/kernel" for node in weighted(model)]
