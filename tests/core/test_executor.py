"""Running graphs forward and backward."""

from __future__ import annotations

import numpy as np
import pytest

from nnscratch.backend import get_backend
from nnscratch.core.context import Context
from nnscratch.core.errors import DTypeError, ShapeError
from nnscratch.core.executor import backward, forward
from nnscratch.core.graph import Graph, Input
from nnscratch.core.layer import Gradients, Layer, Output, Spec
from nnscratch.core.plan import Plan
from nnscratch.layers import Activation, Add, Conv2D, Dense, Multiply
from nnscratch.network import Network
from tests.backends import BACKEND, there

CTX = Context(get_backend(BACKEND), training=True)


class Broken(Layer):
    """Returns whatever it is told to."""

    def __init__(self, y=None, dx=None):
        super().__init__()
        self.y, self.dx = y, dx

    def spec(self, *in_shapes):
        return Spec(in_shapes[0])

    def forward(self, ctx, params, state, *xs):
        return Output(xs[0] if self.y is None else self.y)

    def backward(self, ctx, params, cache, dy):
        return Gradients((dy if self.dx is None else self.dx,))


def network(inputs, outputs, **options):
    return Network(inputs, outputs, backend=BACKEND, dtype="float64", seed=0, **options)


def test_every_call_keeps_its_own_share_of_a_shared_gradient(rng):
    x, shared = Input((3,)), Dense(3)
    net = network(x, shared(shared(x)))
    tape = net.forward(rng.normal(size=(4, 3)), training=True)
    tape = net.backward(tape, rng.normal(size=(4, 3)))
    first, second = (tape[f"dense#{i}"].param_gradients["kernel"] for i in range(2))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(tape.gradients["dense/kernel"], second + first)


def test_symbol_with_two_readers_sums_their_gradients(rng):
    x = Input((3,))
    square = network(x, Multiply()([x, x]))
    value = rng.normal(size=(4, 3))
    tape = square.backward(square.forward(value), np.ones((4, 3)))
    shares = tape["multiply"].input_gradients
    np.testing.assert_array_equal(shares[0] + shares[1], 2 * value)


def test_a_call_tells_where_its_inputs_come_from_whatever_memory_they_share(rng):
    left, right, shared = Input((3,), name="left"), Input((3,), name="right"), Dense(3)
    identity = Activation("linear")(shared(left))
    net = network([left, right], [Add()([identity, shared(right)]), identity])
    tape = net.forward(rng.normal(size=(4, 3)), rng.normal(size=(4, 3)))
    tape = net.backward(tape, *tape.outputs)
    assert tape["activation"].output is tape["dense#0"].output
    assert {key: call.sources for key, call in tape.items()} == {
        "dense#0": ("left",),
        "activation#0": ("dense#0",),
        "dense#1": ("right",),
        "add#0": ("activation#0", "dense#1"),
    }
    assert tape.sources == ("add#0", "activation#0")


def test_sums_do_not_write_into_what_a_layer_returned(rng):
    x = Input((3,))
    hidden = Dense(3)(x)
    net = network(x, Add()([hidden, hidden]))
    dy = rng.normal(size=(4, 3))
    tape = net.backward(net.forward(rng.normal(size=(4, 3))), dy)
    np.testing.assert_array_equal(tape["add"].output_gradient, dy)
    np.testing.assert_array_equal(tape["dense"].output_gradient, 2 * dy)


def test_output_without_a_gradient_counts_as_zero(rng):
    x = Input((3,))
    hidden = Dense(3)(x)
    net = network(x, [hidden, Dense(2)(hidden)])
    tape = net.backward(net.forward(rng.normal(size=(4, 3))), np.ones((4, 3)), None)
    assert not tape["dense_1"].output_gradient.any()
    np.testing.assert_array_equal(tape["dense"].output_gradient, np.ones((4, 3)))


def test_training_skips_what_nobody_needs(rng):
    x = Input((6, 6, 1))
    hidden = Conv2D(2, 3, name="a")(x)
    graph = Graph([x], [Conv2D(2, 3, name="b")(hidden)])
    values = {w.path: there(rng.normal(size=w.param.shape)) for w in graph.weights}
    params = {p: {n: values[f"{p}/{n}"] for n in ("kernel", "bias")} for p in ("a", "b")}
    image, dy = there(rng.normal(size=(1, 6, 6, 1))), there(rng.normal(size=(1, 2, 2, 2)))
    plan = Plan(graph, frozen=frozenset([graph.layers["a"]]))
    tape = forward(plan, CTX, params, {}, [image])
    lean = backward(plan, tape, params, [dy], everything=False)
    assert list(lean.gradients) == ["b/kernel", "b/bias"]
    assert lean["b"].input_gradients == (None,)
    whole = backward(plan, tape, params, [dy])
    assert set(whole.gradients) == set(values)
    np.testing.assert_array_equal(whole.gradients["b/kernel"], lean.gradients["b/kernel"])


@pytest.mark.parametrize(
    ("shape", "hint"),
    [
        ((8, 8), r"add a channel axis: x\[\.\.\., None\]"),
        ((8, 8, 1), r"add a batch axis"),
        ((2, 1, 8, 8), r"move the channels last"),
        ((2, 9, 8, 1), r"got \(2, 9, 8, 1\)"),
    ],
)
def test_wrong_input_is_named_with_its_repair(shape, hint):
    x = Input((8, 8, 1))
    net = network(x, Conv2D(2, 3)(x))
    given = np.zeros((2, 8, 8)) if shape == (8, 8) else np.zeros(shape)
    with pytest.raises(ShapeError, match=r"conv2d#0 \(forward\): expected input \(N, 8, 8, 1\)"):
        net.forward(given)
    with pytest.raises(ShapeError, match=hint):
        net.forward(given)


@pytest.mark.parametrize(
    ("layer", "error", "message"),
    [
        (Broken(y=np.zeros((2, 4))), ShapeError, r"broken#0 \(forward\): declares output \(2, 3\)"),
        (Broken(y=np.zeros((2, 3), "f4")), DTypeError, r"broken#0 \(forward\): read float64"),
        (Broken(dx=np.zeros((2, 4))), ShapeError, r"broken#0 \(backward\): input is \(N, 3\)"),
        (Broken(dx=np.zeros((2, 3), "f4")), DTypeError, r"broken#0 \(backward\): dy is float64"),
    ],
)
def test_layer_that_breaks_its_word_is_named(layer, error, message):
    x = Input((3,))
    net = network(x, layer(x))
    with pytest.raises(error, match=message):
        net.backward(net.forward(np.zeros((2, 3))), np.zeros((2, 3)))


def test_error_inside_a_layer_says_where():
    class Raises(Broken):
        def forward(self, ctx, params, state, *xs):
            raise ZeroDivisionError("oh")

    x = Input((3,))
    with pytest.raises(ZeroDivisionError) as caught:
        network(x, Raises()(x)).forward(np.zeros((2, 3)))
    assert caught.value.__notes__ == ["in raises#0 (forward)"]


def test_inputs_of_two_dtypes_are_refused():
    a, b = Input((3,)), Input((3,))
    with pytest.raises(DTypeError, match="one dtype"):
        network([a, b], Add()([a, b])).forward(np.zeros((2, 3)), np.zeros((2, 3), "f4"))


def test_tape_tells_the_gradients_of_the_inputs(rng):
    a, b = Input((3,)), Input((3,))
    net = network([a, b], [Multiply()([a, b]), a])
    x, y = rng.normal(size=(2, 4, 3))
    ones = np.ones((4, 3))
    tape = net.backward(net.forward(x, y), ones, ones)
    np.testing.assert_array_equal(tape.input_gradients[0], y + 1)
    np.testing.assert_array_equal(tape.input_gradients[1], x)
