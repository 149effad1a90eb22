from __future__ import annotations

import math

import numpy as np
import pytest

import nnscratch as nn
from tests.backends import BACKEND, host


def siamese(merge: nn.Layer) -> nn.Tape:
    """A dense layer called on two inputs, run backward on rows of ones."""
    a, b, shared = nn.Input((2,)), nn.Input((2,)), nn.Dense(3, name="shared")
    alone = nn.Dense(1, name="alone")
    model = nn.Model([a, b], alone(merge([shared(a), shared(b)])), backend=BACKEND, seed=0)
    tape = model.forward(*np.ones((2, 4, 2), np.float32))
    return model.backward(tape, np.ones_like(tape.outputs[0]))


def test_equal_calls_add_up_and_opposite_ones_cancel() -> None:
    agree, cancel = (nn.shares(siamese(merge)) for merge in (nn.Add(), nn.Subtract()))
    assert list(agree) == list(cancel) == ["shared/kernel", "shared/bias"]
    assert agree["shared/kernel"].cancellation == pytest.approx(0, abs=1e-6)
    assert cancel["shared/kernel"].cancellation == 1
    assert cancel["shared/kernel"].total == 0


def test_norms_are_those_of_the_calls_own_gradients() -> None:
    tape = siamese(nn.Add())
    norms = nn.shares(tape)["shared/bias"].norms
    for number in range(2):
        own = host(tape[f"shared#{number}"].param_gradients["bias"])
        assert norms[f"shared#{number}"] == pytest.approx(np.linalg.norm(own))
    assert len(norms) == 2


def test_what_gets_no_gradient_at_all_has_no_cancellation() -> None:
    x, shared = nn.Input((2,)), nn.Dense(2, name="shared")
    model = nn.Model(x, shared(shared(x)), backend=BACKEND, seed=0)
    tape = model.backward(model.forward(np.ones((4, 2), np.float32)), np.zeros((4, 2), np.float32))
    shares = nn.shares(tape)
    assert math.isnan(shares["shared/bias"].cancellation)
    assert " -" in str(shares)


def test_a_step_may_be_given_and_followed_over_time() -> None:
    x, shared = nn.Input((2,)), nn.Dense(2, name="shared")
    model = nn.Model(x, shared(shared(x)), backend=BACKEND, seed=0)
    model.compile("sgd", "mse")
    seen: list[float] = []

    def look(step: nn.Step) -> None:
        seen.append(nn.shares(step)["shared/kernel"].cancellation)

    watch = nn.LambdaCallback(needs=["param_gradients"], on_step=look)
    rng = np.random.default_rng(0)
    model.fit(rng.normal(size=(8, 2)), np.ones((8, 2)), 4, 2, verbose=0, callbacks=watch)
    assert len(seen) == 4
    assert all(0 <= cancellation < 1 for cancellation in seen)


def test_an_unknown_weight_gets_the_nearest_name() -> None:
    with pytest.raises(nn.UnknownNameError, match="did you mean 'shared/bias'"):
        nn.shares(siamese(nn.Add()))["shared/bais"]


def test_table_has_a_row_for_each_weight_and_call() -> None:
    shares = nn.shares(siamese(nn.Subtract()))
    lines = str(shares).splitlines()
    assert [line.split()[0] for line in lines[4:10]] == [
        *("shared/kernel", "shared#0", "shared#1"),
        *("shared/bias", "shared#0", "shared#1"),
    ]
    assert lines[4].endswith("100.0%")
    assert max(map(len, lines)) <= 80
    assert shares._repr_html_().count("<tr>") == 1 + 6 + 1


def test_a_net_without_shared_layers_says_so() -> None:
    x = nn.Input((2,))
    model = nn.Model(x, nn.Dense(1)(x), backend=BACKEND, seed=0)
    tape = model.backward(model.forward(np.ones((4, 2), np.float32)), np.ones((4, 1), np.float32))
    assert len(nn.shares(tape)) == 0
    assert "no layer with weights was called several times" in str(nn.shares(tape))
