"""Head: what a network can answer at all, found by trying everything behind its last weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnscratch.core.graph import Node, Symbol
from nnscratch.core.run import run_layer
from nnscratch.core.tape import labels
from nnscratch.kernels.ops import Array
from nnscratch.network import Network

ROWS = 64
REACH = 1e4
"""Pre-activations are tried up to here ..."""
FURTHER = 10.0
"""... and so much further: what they reach that way and did not before has no bound."""
GROWS = 1.1
"""More than what a curve still lacks of its bound at `REACH`, less than what a logarithm gains."""


@dataclass(frozen=True)
class Head:
    """What lies between the last weights and an output. Of nothing, the outputs are any numbers."""

    call: str
    """The last activation, or else the call that the output comes from, as people are told it."""
    weights: str
    """The path of the layer that has the last weights."""
    units: int
    low: float
    """The least that it can put out ..."""
    high: float
    """... and the most."""
    sums_to_one: bool
    """Whether a row's outputs are a distribution."""
    mixes_rows: bool
    """Whether a row's outputs hang on the other rows of the batch."""

    @property
    def constant(self) -> bool:
        """Whether nothing can change the output."""
        return self.low == self.high

    @property
    def unbounded(self) -> bool:
        """Whether the outputs are any numbers."""
        return bool(np.isneginf(self.low) and np.isposinf(self.high))

    @property
    def probabilities(self) -> bool:
        """Whether all outputs lie between 0 and 1."""
        return self.low >= 0 and self.high <= 1


def head_of(model: Network, output: int = 0) -> Head:
    """What one of a network's outputs can be."""
    graph, symbol = model.graph, model.graph.outputs[output]
    tail = tail_of(model, symbol)
    sources = sources_of(tail) or (symbol,)
    weighing = next((s.node for s in sources if s.node is not None), symbol.node)
    speaking = next((n for n in reversed(tail) if n.layer.role == "activation"), symbol.node)
    name = symbol.name or "input"  # where the output is an input
    x = tried(sources, model.dtype)
    near = run(model, tail, symbol, x)
    far = run(model, tail, symbol, {s: FURTHER * values for s, values in x.items()})
    alone = run(model, tail, symbol, {s: values[:1] for s, values in x.items()})
    low, high = reached(near, far)
    known = np.isfinite(near).all(axis=-1)  # a softmax written by hand may overflow
    return Head(
        call=labels(graph.keys.values())[graph.keys[speaking]] if speaking else name,
        weights=graph.paths[weighing.layer] if weighing else name,
        units=symbol.shape[-1],
        low=low,
        high=high,
        sums_to_one=bool(np.allclose(near[known].sum(axis=-1), 1, atol=1e-4)),
        mixes_rows=not np.allclose(alone, near[:1], rtol=1e-3, atol=1e-6),
    )


def tail_of(model: Network, symbol: Symbol) -> list[Node]:
    """The calls that an output comes from, back to the last ones with weights, in order."""
    found, waiting = set[Node](), [symbol]
    while waiting:
        node = waiting.pop().node
        if node is not None and (node.layer.role == "activation" or not node.spec.params):
            found.add(node)
            waiting += node.inputs
    return [node for node in model.graph.nodes if node in found]


def sources_of(tail: Sequence[Node]) -> tuple[Symbol, ...]:
    """What some calls read and none of them makes, each once."""
    made = {node.output for node in tail}
    return tuple(dict.fromkeys(s for node in tail for s in node.inputs if s not in made))


def tried(sources: Sequence[Symbol], dtype: np.dtype[Any]) -> dict[Symbol, Array]:
    """Pre-activations of every sign, from small rows to large ones."""
    rng = np.random.default_rng(0)
    sizes = np.geomspace(1e-2, REACH, ROWS)  # (N,)
    found = {}
    for symbol in sources:
        drawn = rng.standard_normal((ROWS, *symbol.shape))
        x = drawn * sizes.reshape(-1, *(1 for _ in symbol.shape))
        found[symbol] = x.astype(dtype)  # (N, ..., K)
    return found


def run(model: Network, tail: Sequence[Node], symbol: Symbol, x: Mapping[Symbol, Array]) -> Array:
    """What some calls make of arrays, with the model's own weights."""
    live = dict(x)
    for node in tail:
        path = model.graph.paths[node.layer]
        own = {
            name.rpartition("/")[2]: model.backend.to_host(value)
            for name, value in model.params.items()
            if name.rpartition("/")[0] == path
        }
        xs = [live[source] for source in node.inputs]
        with np.errstate(all="ignore"):
            call = run_layer(node.layer, xs, params=own, backend=model.backend.name, training=False)
        live[node.output] = model.backend.to_host(call.output)
    return live[symbol]


def reached(near: Array, far: Array) -> tuple[float, float]:
    """The least and the most; infinite where larger pre-activations go further."""
    low, high = float(np.nanmin(near)), float(np.nanmax(near))
    if np.nanmin(far) < -GROWS * abs(low):
        low = -np.inf
    if np.nanmax(far) > GROWS * abs(high):
        high = np.inf
    return float(np.round(low, 3)), float(np.round(high, 3))  # a rounding error is no bound
