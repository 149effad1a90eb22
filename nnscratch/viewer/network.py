"""The network as tiles: a tile for each input and call, and where it stands."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nnscratch.core.graph import Graph, Node, Symbol, batched
from nnscratch.core.layer import Layer
from nnscratch.core.store import is_on_device
from nnscratch.core.tape import Tape

WORD = "(?:Shapes|Forward|Backward|Cache|Source)"
SECTION = re.compile(rf"^({WORD}(?:, {WORD})*): ((?:.|\n(?=[ ]+\S))+)", re.MULTILINE)
"""What the description of a layer tells of its mathematics."""


def tiles(graph: Graph) -> list[dict[str, Any]]:
    """The inputs and calls of a graph, in topological order."""
    places = placed(graph)
    inputs = [
        {
            "key": name,
            "label": name,
            "kind": "input",
            "role": "input",
            "place": places[symbol],
            "inputs": [],
            "shape": batched(symbol.shape),
        }
        for symbol, name in graph.input_names.items()
    ]
    return [*inputs, *(tile(graph, node, places[node.output]) for node in graph.nodes)]


def tile(graph: Graph, node: Node, place: tuple[int, int]) -> dict[str, Any]:
    """What the page shows of a call."""
    layer, path = node.layer, graph.paths[node.layer]
    return {
        "key": graph.keys[node],
        "label": graph.label(node),
        "kind": type(layer).__name__,
        "role": layer.role,
        "place": place,
        "inputs": [graph.origins[symbol] for symbol in node.inputs],
        "input_shapes": [batched(symbol.shape) for symbol in node.inputs],
        "shape": batched(node.output.shape),
        "weights": [
            {"path": f"{path}/{name}", "shape": list(param.shape), "trainable": param.trainable}
            for name, param in node.spec.params.items()
        ],
        "settings": [f"{name}={value!r}" for name, value in layer.config.items()],
        "sections": list(sections(layer)),
    }


def sections(layer: Layer) -> Iterator[tuple[str, str]]:
    """What the description of a layer says of its shapes, its formulae and its cache."""
    for name, text in SECTION.findall(inspect.cleandoc(type(layer).__doc__ or "")):
        yield name, " ".join(text.split())


def caches(tape: Tape) -> dict[str, list[dict[str, Any]]]:
    """By call what it keeps of one row for its backward pass: field, shape, dtype and bytes."""
    return {call.key: list(kept(call.cache)) for call in tape.values()}


def kept(cache: Any, name: str = "") -> Iterator[dict[str, Any]]:
    """The arrays of a cache."""
    if isinstance(cache, np.ndarray) or is_on_device(cache):
        shape = ["N", *cache.shape[1:]] if cache.shape[:1] == (1,) else list(cache.shape)
        yield {"name": name, "shape": shape, "dtype": cache.dtype.name, "bytes": cache.nbytes}
    elif isinstance(cache, tuple):
        fields = getattr(cache, "_fields", tuple(map(str, range(len(cache)))))
        for own, value in zip(fields, cache, strict=True):
            yield from kept(value, f"{name}.{own}".removeprefix("."))


def placed(graph: Graph) -> Mapping[Symbol, tuple[int, int]]:
    """Row and column of every input and call.

    A call stands in the row below the lowest of its inputs, and the calls of a row in the order of
    what they read, so that branches stay side by side.
    """
    rows: dict[Symbol, int] = dict.fromkeys(graph.inputs, 0)
    for node in graph.nodes:
        rows[node.output] = 1 + max(rows[symbol] for symbol in node.inputs)
    sides: dict[Symbol, float] = {}
    places: dict[Symbol, tuple[int, int]] = {}
    for row in range(max(rows.values()) + 1):
        members = [symbol for symbol in rows if rows[symbol] == row]
        for symbol in members:
            read = () if symbol.node is None else symbol.node.inputs
            sides[symbol] = sum(sides[own] for own in read) / len(read) if read else 0.0
        for column, symbol in enumerate(sorted(members, key=sides.__getitem__)):
            places[symbol] = row, column
            sides[symbol] = column - (len(members) - 1) / 2
    return places
