"""Where a network is tried out: a graph around a lone layer, and values for all that it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nnscratch.backend import Backend
from nnscratch.core.errors import NNError
from nnscratch.core.graph import Graph, Input
from nnscratch.core.layer import Layer, Shape
from nnscratch.core.values import initial_value
from nnscratch.kernels.ops import Array

Point = Mapping[str, Array]
"""Read-only float64 arrays of the host: inputs by their `input_names`, weights by their path."""

NUDGE = 0.25
"""Weights are moved off their first values by up to this: a bias of 0 or a gamma of 1 would hide
that a gradient forgets it."""


def graph_around(layer: Layer, in_shapes: Sequence[Shape], calls: int = 1) -> Graph:
    """A graph of calls of one layer (and its activation), each with inputs of its own.

    Raises:
        NNError: the shapes are no shapes, but numbers.
    """
    if any(not isinstance(shape, Sequence) for shape in in_shapes):
        raise NNError(
            f"{layer!r}: expected in_shapes to hold one shape per input, such as [(8, 8, 3)], "
            f"got {in_shapes!r}"
        )
    inputs = [[Input(shape) for shape in in_shapes] for _ in range(calls)]
    return Graph([symbol for row in inputs for symbol in row], [layer(row) for row in inputs])


def input_names(graph: Graph) -> list[str]:
    """ "input", or "input 0", "input 1" ... where there are several."""
    if len(graph.inputs) == 1:
        return ["input"]
    return [f"input {position}" for position in range(len(graph.inputs))]


def draw_point(
    graph: Graph, backend: Backend, seed: Sequence[int], batch: int, given: Point
) -> Point:
    """Random values for everything that is not given.

    Inputs are normal; weights are their initializer's value, moved by up to `NUDGE`.
    """
    rng = np.random.default_rng(seed)
    point = dict(given)
    for name, symbol in zip(input_names(graph), graph.inputs, strict=True):
        if name not in point:
            point[name] = rng.standard_normal((batch, *symbol.shape))
    for weight in graph.weights:
        if weight.path not in point:
            start = initial_value(
                weight.path, weight.param, int(rng.integers(2**31)), backend, np.float64
            )
            nudge = rng.uniform(-NUDGE, NUDGE, weight.param.shape)
            point[weight.path] = backend.to_host(start) + nudge
    return {name: sealed(value) for name, value in point.items()}


def sealed(array: Array) -> Array:
    """The array itself, made read-only."""
    array.flags.writeable = False
    return array
