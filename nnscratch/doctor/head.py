"""Head: what a network can answer at all, found by trying its last activation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnscratch.core.graph import Symbol
from nnscratch.core.layer import Layer
from nnscratch.core.run import run_layer
from nnscratch.core.tape import labels
from nnscratch.kernels.ops import Array
from nnscratch.network import Network

ROWS = 64
REACH = 1e4
"""Pre-activations are tried up to here: what is not reached by then never will be."""


@dataclass(frozen=True)
class Head:
    """The last activation before an output, or none: then the outputs are any numbers."""

    call: str
    """The call that the output comes from, as people are told it."""
    weights: str
    """The path of the layer before it, or of itself, which has the weights."""
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
    def probabilities(self) -> bool:
        """Whether all outputs lie between 0 and 1."""
        return self.low >= 0 and self.high <= 1


def head_of(model: Network, output: int = 0) -> Head:
    """What one of a network's outputs can be."""
    symbol = model.graph.outputs[output]
    node = symbol.node
    assert node is not None, "an output that is an input has no loss"
    while node.layer.role == "noise" and node.inputs[0].node is not None:
        node = node.inputs[0].node  # in inference it is not there
    before = node.inputs[0].node
    key, units = labels(model.graph.keys.values())[model.graph.keys[node]], symbol.shape[-1]
    if node.layer.role != "activation" or before is None:
        path = model.graph.paths[node.layer]
        return Head(key, path, units, -np.inf, np.inf, sums_to_one=False, mixes_rows=False)
    x, y = tried(model, node.layer, symbol)
    alone = run(model, node.layer, x[:1])
    return Head(
        call=key,
        weights=model.graph.paths[before.layer],
        units=units,
        low=reached(float(y.min())),
        high=reached(float(y.max())),
        sums_to_one=bool(np.allclose(y.sum(axis=-1), 1, atol=1e-4)),
        mixes_rows=not np.allclose(alone, y[:1], rtol=1e-3, atol=1e-6),
    )


def tried(model: Network, layer: Layer, symbol: Symbol) -> tuple[Array, Array]:
    """Pre-activations of every size and sign, and what a layer makes of them."""
    rng = np.random.default_rng(0)
    sizes = np.geomspace(1e-2, REACH, ROWS)  # (N,)
    drawn = rng.standard_normal((ROWS, *symbol.shape))
    x = drawn * sizes.reshape(-1, *(1 for _ in symbol.shape))
    x = np.clip(x, -REACH, REACH).astype(model.dtype)  # (N, ..., K)
    return x, run(model, layer, x)


def run(model: Network, layer: Layer, x: Array) -> Array:
    """A layer's output, with the model's own weights."""
    path = model.graph.paths[layer]
    own = {
        name.removeprefix(f"{path}/"): model.backend.to_host(value)
        for name, value in model.params.items()
        if name.rpartition("/")[0] == path
    }
    call = run_layer(layer, x, params=own, backend=model.backend.name, training=False)
    return model.backend.to_host(call.output)


def reached(value: float) -> float:
    """A bound: what grows with the pre-activation has none, and a rounding error is none."""
    if abs(value) > REACH / 100:
        return float(np.copysign(np.inf, value))
    return float(np.round(value, 3))
