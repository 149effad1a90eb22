"""Names, keys, order and refusals of graphs."""

from __future__ import annotations

import re

import pytest

from nnscratch.core.errors import GraphError, ShapeError
from nnscratch.core.graph import Graph, Input
from nnscratch.layers import ELU, Add, Conv2D, Dense
from nnscratch.network import Network
from nnscratch.sequential import Sequential
from tests.backends import BACKEND


def test_activation_is_a_call_of_its_own():
    x = Input((8, 8, 1))
    graph = Graph([x], [Conv2D(4, 3, activation="elu")(x)])
    assert list(graph.keys.values()) == ["conv2d#0", "conv2d/elu#0"]


def test_names_are_numbered_per_graph_in_topological_order():
    x = Input((5,))
    graph = Graph([x], [Dense(2)(Dense(3)(Dense(4)(x)))])
    assert list(graph.layers) == ["dense", "dense_1", "dense_2"]
    assert [weight.path for weight in graph.weights[:2]] == ["dense/kernel", "dense/bias"]


def test_automatic_names_step_aside_for_given_ones():
    x = Input((5,))
    graph = Graph([x], [Dense(2, name="dense")(Dense(3)(x))])
    assert list(graph.layers) == ["dense_1", "dense"]


def test_shared_layer_is_one_layer_with_two_calls():
    x, shared = Input((5,)), Dense(5)
    graph = Graph([x], [Add()([shared(x), shared(shared(x))])])
    assert [key for key in graph.keys.values() if key.startswith("dense")] == [
        "dense#0",
        "dense#1",
        "dense#2",
    ]
    assert len(graph.weights) == 2


def test_nested_network_gives_its_name_to_its_calls():
    a = Input((5,))
    embedder = Network(a, Dense(3, activation="tanh")(a), name="embedder", backend=BACKEND)
    left, right = Input((5,)), Input((5,))
    graph = Graph([left, right], [Add()([embedder(left), embedder(right)])])
    assert list(graph.keys.values()) == [
        "embedder/dense#0",
        "embedder/dense/tanh#0",
        "embedder/dense#1",
        "embedder/dense/tanh#1",
        "add#0",
    ]


def test_two_layers_of_one_name_are_refused():
    x = Input((5,))
    with pytest.raises(GraphError, match="two layers are named 'a'"):
        Graph([x], [Dense(2, name="a")(Dense(3, name="a")(x))])


def test_missing_input_is_refused():
    x, forgotten = Input((5,)), Input((5,), name="forgotten")
    with pytest.raises(GraphError, match="forgotten"):
        Graph([x], [Add()([x, forgotten])])


def test_input_that_nothing_reads_is_refused():
    x, idle = Input((5,)), Input((5,), name="idle")
    with pytest.raises(GraphError, match="idle"):
        Graph([x, idle], [Dense(2)(x)])


def test_two_inputs_of_one_name_are_refused():
    a, b = Input((5,), name="input_1"), Input((5,))
    with pytest.raises(GraphError, match="two inputs have one name: input_1, input_1"):
        Graph([a, b], [Add()([a, b])])


@pytest.mark.parametrize("name", ["body/dense", "dense#1", "", 3])
@pytest.mark.parametrize(
    "make",
    [
        lambda name: Dense(3, name=name),
        lambda name: Input((3,), name=name),
        lambda name: Sequential([], name=name),
    ],
)
def test_names_do_not_hold_what_separates_them(make, name):
    with pytest.raises(GraphError, match="expected a name without '/' and '#', got"):
        make(name)


def test_output_of_a_layer_is_no_input():
    x = Input((5,))
    hidden = Dense(3)(x)
    with pytest.raises(GraphError, match=r"expected an nn\.Input"):
        Graph([hidden], [Dense(2)(hidden)])


def test_shared_layer_must_need_the_same_weights():
    a, b, shared = Input((5,)), Input((6,)), Dense(3)
    with pytest.raises(GraphError, match=r"dense#1: .* kernel \(6, 3\)"):
        Graph([a, b], [Add()([shared(a), shared(b)])])


def test_layer_on_an_array_points_to_run_layer():
    with pytest.raises(GraphError, match=r"nn\.run_layer"):
        Dense(3)([[1.0, 2.0]])


@pytest.mark.parametrize("shape", [(0, 3), (None, 3), (-1, 3), (4.5,), "ab", None, (True, 3)])
def test_input_wants_positive_lengths_without_the_batch(shape):
    message = f"got {shape!r}; leave the batch axis out"
    with pytest.raises(ShapeError, match=re.escape(message)):
        Input(shape)


def test_input_of_a_number_gets_the_shape_that_was_meant():
    with pytest.raises(ShapeError, match=r"got 8; write \(8,\)"):
        Input(8)


def test_very_deep_graph_needs_no_recursion():
    x = y = Input((2,))
    for _ in range(3000):
        y = ELU()(y)
    assert len(Graph([x], [y]).nodes) == 3000
