from __future__ import annotations

import math

import numpy as np
import pytest

import nnscratch as nn
from tests.backends import BACKEND, host
from tests.nets import conv_net, images


def tape_of(*layers: nn.Layer, inputs: int = 3, x: float = 0.0) -> nn.Tape:
    """A chain of layers, run on constant rows."""
    model = nn.Sequential([nn.Input((inputs,)), *layers], backend=BACKEND, dtype="float64", seed=0)
    tape = model.forward(np.full((4, inputs), x), training=True)
    return model.backward(tape, np.ones_like(tape.outputs[0]))


def run(model: nn.Model, *gradients: float) -> nn.Tape:
    """A model's tape, run backward from constant gradients of its outputs."""
    rng = np.random.default_rng(0)
    tape = model.forward(*(rng.normal(size=(4, *x.shape)) for x in model.graph.inputs))
    pairs = zip(tape.outputs, gradients, strict=True)
    return model.backward(tape, *(np.full_like(y, dy) for y, dy in pairs))


def network(inputs: list[nn.Symbol], outputs: list[nn.Symbol]) -> nn.Model:
    return nn.Model(inputs, outputs, backend=BACKEND, dtype="float64", seed=0)


# -- each call --------------------------------------------------------------------------------


def test_sigmoid_at_0_lets_a_quarter_through() -> None:
    factors = nn.attenuation(tape_of(nn.Sigmoid()))
    assert dict(factors) == {"sigmoid#0": 0.25}
    assert factors["sigmoid"] == 0.25
    assert factors.hops[0].slope == (0.25, 0.25)


def test_a_zero_layer_lets_nothing_through_and_nothing_comes_further() -> None:
    factors = nn.attenuation(tape_of(nn.Sigmoid(), nn.Dense(2, kernel_initializer="zeros")))
    assert list(factors) == ["sigmoid#0", "dense#0"]
    assert math.isnan(factors["sigmoid"])
    assert factors["dense"] == 0.0
    assert factors.hops[0].slope is None


def test_the_factors_multiply_along_a_chain() -> None:
    tape = tape_of(nn.Dense(5), nn.Tanh(), nn.Dense(2), x=0.7)
    product = np.prod(list(nn.attenuation(tape).values()))
    (dx,) = tape["dense"].input_gradients
    ratio = np.linalg.norm(dx) / np.linalg.norm(tape["dense_1"].output_gradient)
    np.testing.assert_allclose(product, ratio)


def test_slopes_are_those_of_the_entries_that_any_gradient_came_to() -> None:
    x = nn.Input((4,))
    model = network([x], [nn.Dense(1, use_bias=False)(nn.LeakyReLU(0.25)(x))])
    model.set_weights([np.array([[1.0], [1.0], [1.0], [0.0]])])
    tape = model.forward(np.array([[2.0, -1.0, -3.0, 1.0]]))
    tape = model.backward(tape, np.ones((1, 1)))
    slope = next(hop.slope for hop in nn.attenuation(tape).hops if hop.role == "activation")
    assert slope == ((1 + 0.25 + 0.25) / 3, 1.0)


def test_of_several_inputs_the_one_that_gets_most_counts() -> None:
    a, b = nn.Input((1,)), nn.Input((1,))
    model = network([a, b], [nn.Multiply()([a, b])])
    tape = model.forward(np.array([[2.0]]), np.array([[5.0]]))
    factors = nn.attenuation(model.backward(tape, np.ones((1, 1))))
    assert [hop.factor for hop in factors.hops] == [5.0, 2.0]
    assert factors["multiply"] == 5.0


def test_what_fit_does_not_compute_has_no_factor() -> None:
    seen: list[float] = []
    needs = ("output_gradient", "input_gradients")
    watch = nn.LambdaCallback(
        needs=needs, on_step=lambda step: seen.append(nn.attenuation(step)["conv2d"])
    )
    conv_net().fit(*images(), verbose=0, callbacks=watch)
    assert len(seen) == 1
    assert math.isnan(seen[0])


def test_a_tape_that_was_not_run_backward_says_so() -> None:
    model = conv_net()
    with pytest.raises(nn.NNError, match="output_gradient was not computed; run the backward"):
        nn.attenuation(model.forward(images()[0]))


def test_it_has_what_it_can_be_asked_for() -> None:
    x, shared = nn.Input((3,)), nn.Dense(3, name="shared")
    tape = run(network([x], [nn.Tanh()(shared(shared(x)))]), 1.0)
    for table in (nn.attenuation(tape), tape):
        assert list(table) == ["shared#0", "shared#1", "tanh#0"]
        assert len(table) == 3
        assert all(name in table for name in (*table, "tanh"))
        assert not any(name in table for name in ("shared", "tahn", "", 0, None))


def test_an_input_that_is_called_like_a_layer_is_no_output_of_it() -> None:
    x = nn.Input((3,), name="same")
    factors = nn.attenuation(run(network([x], [x, nn.Dense(3, name="same")(x)]), 1.0, 1.0))
    assert list(factors.losses) == ["same#0"]


# -- the way to one call ----------------------------------------------------------------------


def test_a_path_is_the_chain_from_the_loss_and_its_factors_make_the_total() -> None:
    tape = tape_of(nn.Dense(5), nn.Tanh(), nn.Dense(4, activation="sigmoid"), x=0.7)
    path = nn.attenuation(tape).path("dense")
    assert [hop.key for hop in path.hops] == ["dense_1/sigmoid#0", "dense_1#0", "tanh#0"]
    assert path.total == pytest.approx(math.prod(hop.factor for hop in path.hops))
    assert path.arrives == pytest.approx(np.linalg.norm(host(tape["dense"].output_gradient)))
    slopes = path.hops[0].factor * path.hops[2].factor
    assert path.roles == pytest.approx({"activation": slopes, "weights": path.hops[1].factor})
    assert path.least is min(path.hops, key=lambda hop: hop.factor)


def test_a_path_goes_on_where_two_readers_add_up() -> None:
    x = nn.Input((3,))
    first = nn.Dense(3, name="first")(x)
    left, right = nn.Dense(3, name="left")(first), nn.Dense(3, name="right")(first)
    model = network([x], [nn.Add()([left, right])])
    model.set_weights({"left/kernel": 2 * np.eye(3), "right/kernel": -0.5 * np.eye(3)})
    path = nn.attenuation(run(model, 1.0)).path("first")
    assert [hop.key for hop in path.hops] == ["add#0", "left#0", "first#0"]
    assert [hop.role for hop in path.hops] == ["merge", "weights", "branches"]
    assert [hop.factor for hop in path.hops] == pytest.approx([1, 2, 0.75])
    assert path.total == pytest.approx(1.5)
    assert "left hands back most to first (" in str(path)
    assert "besides right " in str(path)


def test_readers_that_undo_each_other_are_what_lets_nothing_through() -> None:
    x = nn.Input((3,))
    first = nn.Dense(3, name="first")(x)
    path = nn.attenuation(run(network([x], [nn.Subtract()([first, first])]), 1.0)).path("first")
    assert path.total == 0
    assert path.least is path.hops[-1]
    assert path.least.role == "branches"
    assert "least goes through readers of first: exactly 0" in str(path)


def test_an_output_inside_the_network_is_read_by_the_loss_too() -> None:
    x = nn.Input((3,))
    middle = nn.Dense(3, name="middle")(x)
    model = network([x], [middle, nn.Dense(3, use_bias=False, name="end")(middle)])
    model.set_weights({"end/kernel": 0.25 * np.eye(3)})
    path = nn.attenuation(run(model, 1.0, 2.0)).path("middle")
    assert [hop.key for hop in path.hops] == ["middle#0"]
    assert path.hops[0].factor == pytest.approx(1.5)  # 1 from the loss, 0.5 from the end
    assert "the loss hands back most to middle" in str(path)
    path = nn.attenuation(run(model, 1.0, 8.0)).path("middle")
    assert [hop.key for hop in path.hops] == ["end#0", "middle#0"]
    assert path.total == pytest.approx(3 / 8)


def test_a_path_fits_into_a_line() -> None:
    path = nn.attenuation(tape_of(nn.Dense(5), nn.Tanh(), nn.Dense(4), x=0.7)).path("dense")
    assert repr(path) == f"GradientPath(to dense#0: 2 hops, {path.total:.3g} of it arrives)"


def test_layers_that_hand_on_what_they_read_are_on_the_path() -> None:
    tape = tape_of(nn.Dense(5), nn.Activation("linear"), nn.Flatten(), nn.Dense(1), x=1.0)
    path = nn.attenuation(tape).path("dense")
    assert [hop.key for hop in path.hops] == ["dense_1#0", "flatten#0", "activation#0"]


def test_a_call_of_a_shared_layer_is_chosen_by_its_number() -> None:
    x, shared = nn.Input((3,)), nn.Dense(3, name="shared")
    factors = nn.attenuation(run(network([x], [shared(shared(x))]), 1.0))
    assert [hop.key for hop in factors.path("shared#0").hops] == ["shared#1"]
    assert factors.path("shared#1").total == 1
    with pytest.raises(LookupError, match="called 2 times: choose one of 'shared#0', 'shared#1'"):
        factors.path("shared")
    with pytest.raises(nn.UnknownNameError, match="unknown call 'shard': did you mean"):
        factors.path("shard")


def test_the_end_of_the_gradient_is_named() -> None:
    zero = nn.Dense(4, kernel_initializer="zeros", name="zero")
    tape = tape_of(nn.Dense(5, name="first"), nn.Tanh(), zero, nn.Tanh(), nn.Dense(2), x=1.0)
    path = nn.attenuation(tape).path("first")
    assert path.total == 0
    assert path.least is not None
    assert path.least.key == "zero#0"
    assert path.roles["weights"] == 0
    assert "least goes through zero: exactly 0" in str(path)


def test_a_tiny_gradient_is_not_taken_for_none() -> None:
    model = nn.Sequential(
        [nn.Input((1,)), nn.Dense(1, name="first"), *[nn.Sigmoid() for _ in range(300)]],
        backend=BACKEND,
        dtype="float64",
        seed=0,
    )
    tape = model.forward(np.ones((1, 1)))
    path = nn.attenuation(model.backward(tape, np.ones((1, 1)))).path("first")
    assert 0 < path.total < 1e-180
    assert path.total == pytest.approx(math.prod(hop.factor for hop in path.hops))


def test_a_loss_that_hands_back_nothing_is_named() -> None:
    x = nn.Input((3,))
    path = nn.attenuation(run(network([x], [nn.Dense(2)(nn.Dense(3)(x))]), 0.0)).path("dense")
    assert math.isnan(path.total)
    assert path.least is None
    assert "the loss itself hands back exactly 0" in str(path)


def test_nan_is_followed_to_the_call_that_makes_it() -> None:
    x = nn.Input((1,))
    first = nn.Dense(1, name="first")(x)
    bad = nn.Lambda(np.abs, lambda dy, x: dy * np.nan, check=False, name="bad")(first)
    good = nn.Dense(1, name="good", kernel_initializer=nn.initializers.Constant(9))(first)
    model = network([x], [nn.Add()([good, bad])])
    tape = model.forward(np.ones((1, 1)))
    path = nn.attenuation(model.backward(tape, np.ones((1, 1)))).path("first")
    assert [hop.key for hop in path.hops] == ["add#0", "bad#0", "first#0"]
    assert path.least is path.hops[1]
    assert math.isnan(path.total)


# -- views ------------------------------------------------------------------------------------


def test_tables_show_every_call_at_80_columns_and_in_notebooks() -> None:
    layers = [nn.Input((3,)), nn.Dense(3, activation="tanh")]
    inner = nn.Sequential(layers, name="a" * 40, dtype="float64")
    a, b = nn.Input((3,), name="a"), nn.Input((3,), name="b")
    factors = nn.attenuation(run(network([a, b], [nn.Add()([inner(a), inner(b)])]), 1e-30))
    path = factors.path(f"{'a' * 40}/dense#1")
    for shown in (factors, path):
        assert max(map(len, str(shown).splitlines())) <= 80
        assert str(shown).count("tanh") >= 1
    assert factors._repr_html_().count("<tr>") == 1 + 4 + 2 + 1
    assert path._repr_html_().count("<tr>") == 1 + 2 + 1 + 1
    assert f"  and back to {'a' * 40}/dense/tanh#1" in str(factors)
