"""Whole graphs of random shape, with layers that are called several times."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nnscratch as nn
from nnscratch.backend import get_backend
from nnscratch.core.executor import backward, forward
from nnscratch.core.plan import Plan
from nnscratch.core.store import by_layer
from nnscratch.kernels.ops import Array
from nnscratch.testing import check_gradients
from tests.backends import BACKENDS, host

WIDTH = 3
OPERATIONS = ("dense", "elu", "tanh", "add", "multiply", "concatenate")

Instruction = tuple[str, int, int, int]
"""An operation, two numbers that choose its operands, and one that chooses its layer."""
Program = tuple[int, list[Instruction]]
"""How many inputs there are, and what is made of them."""

numbers = st.integers(0, 99)
instructions = st.tuples(st.sampled_from(OPERATIONS), numbers, numbers, numbers)
programs = st.tuples(st.integers(1, 2), st.lists(instructions, min_size=1, max_size=9))


def build(program: Program, shared: bool) -> nn.Graph:
    """The graph of a program; where nothing is shared, every call has a layer of its own.

    All symbols are (N, WIDTH). What no instruction reads is an output.
    """
    count, steps = program
    inputs = [nn.Input((WIDTH,)) for _ in range(count)]
    symbols, unread = list(inputs), set(inputs)
    pool = [nn.Dense(WIDTH) for _ in range(2)]
    narrow = nn.Dense(WIDTH)
    for operation, first, second, choice in steps:
        a, b = symbols[first % len(symbols)], symbols[second % len(symbols)]
        unread -= {a, b} if operation in ("add", "multiply", "concatenate") else {a}
        if operation == "dense":
            y = (pool[choice % len(pool)] if shared else nn.Dense(WIDTH))(a)
        elif operation == "elu":
            y = nn.ELU()(a)
        elif operation == "tanh":
            y = nn.Tanh()(a)
        elif operation == "add":
            y = nn.Add()(a, b)
        elif operation == "multiply":
            y = nn.Multiply()(nn.Tanh()(a), nn.Tanh()(b))  # products of products stay small
        else:
            y = (narrow if shared else nn.Dense(WIDTH))(nn.Concatenate()(a, b))
        symbols.append(y)
        unread.add(y)
    return nn.Graph(inputs, [symbol for symbol in symbols if symbol in unread])


def run(graph: nn.Graph, weights: Mapping[str, Array], backend: str) -> nn.Tape:
    """Forward and backward with fixed inputs and upstream gradients."""
    rng = np.random.default_rng(0)
    home = get_backend(backend)
    inputs, dys = (
        [home.from_host(rng.standard_normal((2, *symbol.shape))) for symbol in symbols]
        for symbols in (graph.inputs, graph.outputs)
    )
    plan = Plan(graph)
    params = by_layer({path: home.from_host(value) for path, value in weights.items()})
    tape = forward(plan, nn.Context(home, training=True), params, {}, inputs)
    return backward(plan, tape, params, dys)


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=30, deadline=None, derandomize=True)
@given(program=programs)
def test_the_gradients_of_a_graph_are_its_derivatives(program: Program, backend: str) -> None:
    check_gradients(build(program, shared=True), backend=backend).assert_passed()


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=30, deadline=None, derandomize=True)
@given(program=programs, seed=st.integers(0, 99))
def test_a_shared_layer_sums_what_its_calls_would_get_alone(
    program: Program, seed: int, backend: str
) -> None:
    shared, apart = build(program, shared=True), build(program, shared=False)
    rng = np.random.default_rng(seed)
    weights = {w.path: rng.standard_normal(w.param.shape) for w in shared.weights}
    nodes = list(zip(shared.nodes, apart.nodes, strict=True))
    copied = {
        f"{apart.paths[alone.layer]}/{name}": weights[f"{shared.paths[node.layer]}/{name}"]
        for node, alone in nodes
        for name in node.spec.params
    }
    tape, tape_apart = run(shared, weights, backend), run(apart, copied, backend)

    sums = {path: np.zeros(value.shape) for path, value in weights.items()}
    for node, alone in nodes:
        path = shared.paths[node.layer]
        own = tape[shared.keys[node]].param_gradients
        expected = tape_apart[apart.keys[alone]].param_gradients
        for name in node.spec.params:
            np.testing.assert_array_equal(own[name], expected[name])
            sums[f"{path}/{name}"] += host(own[name])
    for path, total in sums.items():
        np.testing.assert_allclose(tape.gradients[path], total, rtol=1e-12, atol=1e-12)
