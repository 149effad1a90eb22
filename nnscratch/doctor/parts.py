"""Parts: what a program can do without, piece by piece."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from nnscratch.core.layer import Layer
from nnscratch.doctor.program import Program
from nnscratch.doctor.rewiring import Exchange, remade
from nnscratch.doctor.wiring import hidden, weighted

BLOCKS = 16
"""Rows are left out in so many blocks."""
WIDTHS = ("units", "filters")
"""The arguments that say how many units a layer has."""


class Part(NamedTuple):
    """A piece of a program that may be left out, whatever else is."""

    kind: str
    """"rows": a block of them; "layer": one; "epochs", "units": without it there are half as
    many, and without another one a quarter."""
    of: str
    """The path of the layer, for layers and units."""
    number: int


def parts_of(program: Program) -> list[Part]:
    """All that may be left out of a program: layers first, whose absence makes the rest cheap."""
    model = program.build()
    paths = {node.layer: model.graph.paths[node.layer] for node in hidden(model)}
    single = {node.layer for node in hidden(model) if len(node.inputs) == 1}
    own = {layer.activation for layer in paths}  # they go with their layers
    layers = [Part("layer", path, 0) for layer, path in paths.items() if layer in single - own]
    units = [
        Part("units", paths[node.layer], number)
        for node in weighted(model)
        if node.layer in paths
        for number in range(halvings(width(node.layer)))
    ]
    epochs = [Part("epochs", "", number) for number in range(halvings(program.plan.epochs))]
    blocks = min(BLOCKS, len(program.rows))
    return [*layers, *epochs, *units, *(Part("rows", "", number) for number in range(blocks))]


def width(layer: Layer) -> int:
    """How many units a layer was made with; 1 where that is no argument of its own."""
    return next((int(layer.config[name]) for name in WIDTHS if name in layer.config), 1)


def halvings(count: int) -> int:
    """How often a number can be halved until it is 1."""
    return int(math.log2(count)) if count > 1 else 0


def without(program: Program, parts: Collection[Part], kept: Collection[Part]) -> Program:
    """A program of which only some parts are kept.

    Raises:
        NNError: what is left does not fit together.
    """
    gone = Counter((part.kind, part.of) for part in parts if part not in kept)
    smaller = fewer_rows(program, sorted(part.number for part in kept if part.kind == "rows"))
    plan = smaller.plan._replace(epochs=max(1, smaller.plan.epochs >> gone["epochs", ""]))
    smaller = dataclasses.replace(smaller, plan=plan)
    exchange: dict[Layer, Layer | None] = {}
    for path, layer in program.graph.layers.items():
        if gone["layer", path]:
            exchange |= {layer: None}
            exchange |= {layer.activation: None} if layer.activation is not None else {}
        elif halved := gone["units", path]:
            name = next(name for name in WIDTHS if name in layer.config)
            exchange |= remade(layer, **{name: max(1, width(layer) >> halved)})
    return smaller.rewired(Exchange(exchange)) if exchange else smaller


def fewer_rows(program: Program, blocks: Sequence[int]) -> Program:
    """The rows of some blocks, the first block where there is none."""
    rows = program.rows
    every = np.array_split(np.arange(len(rows)), min(BLOCKS, len(rows)))
    chosen = np.concatenate([every[block] for block in blocks or (0,)])
    truth = program.truth[chosen]
    return dataclasses.replace(program, rows=rows.take(chosen), truth=truth)


def told(before: Program, after: Program) -> Iterator[str]:
    """What is less, in words."""
    yield from less("rows", len(before.rows), len(after.rows))
    yield from less("epochs", before.plan.epochs, after.plan.epochs)
    nodes = (len(weighted(program.build())) for program in (before, after))
    yield from less("layers with weights", *nodes)
    sizes = (
        sum(math.prod(weight.param.shape) for weight in program.graph.weights)
        for program in (before, after)
    )
    yield from less("weights", *sizes)


def less(what: str, before: int, after: int) -> Iterator[str]:
    """A line, where it is less."""
    if after < before:
        yield f"{what}: {after} instead of {before}"
