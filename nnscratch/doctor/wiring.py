"""Wiring: which calls read what, and what lies between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nnscratch.core.graph import Node, Symbol
from nnscratch.network import Network

PASSING = ("shape", "pooling", "noise", "merge")
"""Roles of calls behind which numbers are still of the size that they were."""


def raw_readers(model: Network) -> tuple[tuple[str, ...], ...]:
    """For each input, the calls with weights that read it with nothing but shapes in between."""
    return tuple(tuple(readers(model, symbol)) for symbol in model.graph.inputs)


def readers(model: Network, symbol: Symbol, passing: tuple[str, ...] = PASSING) -> Iterator[str]:
    """The calls with weights behind a symbol, with nothing but calls of these roles in between."""
    for node in model.graph.nodes:
        if symbol not in node.inputs:
            continue
        if node.layer.role == "weights":
            yield model.graph.keys[node]
        elif node.layer.role in passing:
            yield from readers(model, node.output, passing)


def weighs_next(model: Network, key: str) -> bool:
    """Whether what a call puts out is weighed before it meets anything else."""
    node = next(node for node, its in model.graph.keys.items() if its == key)
    return any(readers(model, node.output, ("shape", "pooling", "noise", "norm")))


def weighted(model: Network) -> list[Node]:
    """The calls with trained kernels, in the order of the graph, each layer once."""
    found: dict[object, Node] = {}
    for node in model.graph.nodes:
        if node.layer.role == "weights":
            found.setdefault(node.layer, node)
    return list(found.values())


def hidden(model: Network) -> list[Node]:
    """Every call that has a call with weights behind it, in the order of the graph."""
    found: list[Node] = []
    leads: set[Symbol] = set()
    for node in reversed(model.graph.nodes):
        if node.output in leads:
            found.append(node)
        if node.output in leads or node.layer.role == "weights":
            leads |= set(node.inputs)
    return found[::-1]


def hidden_kernels(model: Network) -> list[str]:
    """The paths of the kernels that have others behind them."""
    behind = {node.layer for node in hidden(model)}
    return [
        f"{model.graph.paths[node.layer]}/kernel"
        for node in weighted(model)
        if node.layer in behind
    ]


def hidden_activations(model: Network) -> list[str]:
    """The keys of the activations whose outputs are weighed again."""
    keys = model.graph.keys
    return [keys[node] for node in hidden(model) if node.layer.role == "activation"]


def layers_of(paths: Iterable[str]) -> tuple[str, ...]:
    """The layers that weights belong to, by their paths."""
    return tuple(path.rpartition("/")[0] for path in paths)


def kernel_paths(model: Network) -> list[str]:
    """The paths of the kernels, from the first layer to the last."""
    return [f"{model.graph.paths[node.layer]}/kernel" for node in weighted(model)]


def noise_behind(model: Network, output: int) -> str | None:
    """The call of noise between the last weights and an output; None where there is none."""
    node = model.graph.outputs[output].node
    while node is not None and node.layer.role in ("noise", "activation", "shape"):
        if node.layer.role == "noise":
            return model.graph.keys[node]
        node = node.inputs[0].node
    return None
