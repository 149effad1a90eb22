"""The table of a network: every call, its output, its weights, and what it is connected to."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nnscratch.core.graph import Graph, Node, Symbol, batched
from nnscratch.core.layer import stand_in
from nnscratch.core.table import Table

if TYPE_CHECKING:
    from nnscratch.network import Network

WIDTH = 80
HEADINGS = ("call", "output", "weights", "connected to")


def text(network: Network) -> str:
    """The table at 80 columns, and the count of weights."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    grid = Table(*HEADINGS, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    grid.columns[2].justify = "right"
    for column in grid.columns:
        column.overflow = "fold"
    for cells in rows(network.graph):
        grid.add_row(*(fold(cell, 26) for cell in cells))
    console = Console(width=WIDTH, color_system=None)
    with console.capture() as capture:
        console.print(repr(network), highlight=False)
        console.print(grid)
        console.print(totals(network), highlight=False)
    return "\n".join(line.rstrip() for line in capture.get().rstrip().splitlines())


def algorithms(network: Network, batch: int) -> Table:
    """Which algorithm each call takes for each of its operations that have several."""
    choosers, dtype = network.backend.choosers, network.dtype
    lines = []
    for node in network.graph.nodes:
        xs = [stand_in((batch, *symbol.shape), dtype) for symbol in node.inputs]
        for op, arguments in node.layer.operations(*xs):
            name = choosers[op](*arguments, network.exact) if op in choosers else "the only one"
            lines.append((network.graph.label(node), op, name))
    title = f"algorithms for a batch of {batch}, {dtype}, backend {network.backend.name}"
    return Table(title, ("call", "operation", "algorithm"), lines, words=(0, 1, 2))


def html(network: Network) -> str:
    """The same for a notebook."""
    title = f"{network!r}: {totals(network)}"
    return Table(title, HEADINGS, list(rows(network.graph)), words=(0, 1, 3))._repr_html_()


def rows(graph: Graph) -> Iterator[tuple[str, ...]]:
    """The cells: the inputs, then every call; weights stand with their layer's first call."""
    for symbol in graph.inputs:
        yield (graph.input_names[symbol], batched(symbol.shape), "", "")
    seen = set()
    for node in graph.nodes:
        count = "shared" if node.layer in seen else f"{weight_count(node):,}"
        seen.add(node.layer)
        sources = ", ".join(source(graph, symbol) for symbol in node.inputs)
        shape = batched(node.spec.output_shape)
        yield (graph.label(node), shape, count, sources)


def fold(text: str, width: int) -> str:
    """Long paths on several lines, broken behind a slash or a comma."""
    lines = [""]
    for part in re.split(r"(?<=/)|(?<=, )", text):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def source(graph: Graph, symbol: Symbol) -> str:
    """Where a call's input comes from."""
    return graph.label(symbol.node) if symbol.node else graph.input_names[symbol]


def weight_count(node: Node) -> int:
    """How many numbers a layer learns or keeps."""
    return sum(math.prod(param.shape) for param in node.spec.params.values())


def totals(network: Network) -> str:
    """How many numbers are trained, frozen and kept as state."""
    values = network.parameters
    trained, frozen = values.trained.buffer.size, values.frozen.buffer.size
    state = sum(array.size for entry in values.state.values() for array in entry.values())
    return (
        f"{trained + frozen + state:,} weights: {trained:,} trained, {frozen:,} frozen, "
        f"{state:,} state; {network.dtype}, backend {network.backend.name}, seed {network.seed}"
    )
