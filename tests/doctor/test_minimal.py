"""A failing program is made smaller as long as it fails for the same cause."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest

import nnscratch as nn
from nnscratch.doctor import minimal
from nnscratch.doctor.minimal import ddmin
from tests.backends import BACKEND
from tests.doctor.nets import NUMBERS, YES, X, causes, net

LARGE = X * np.array([300, 1, 20, 1000], np.float32)


def ill() -> nn.Model:
    hidden = [nn.Dense(16, "relu"), nn.Dropout(0.1), nn.Dense(16, "relu")]
    layers = [nn.Input((4,)), *hidden, nn.Dense(1)]
    model = nn.Sequential(layers, seed=0, backend=BACKEND)
    model.compile(nn.SGD(0.01), "mse")
    return model


def test_the_example_in_the_docstring():
    assert doctest.testmod(minimal).attempted
    assert not doctest.testmod(minimal).failed


def test_what_is_left_fails_for_the_same_cause():
    model = ill()
    before = model.get_weights()
    small = nn.minimise(model, LARGE, NUMBERS, epochs=8, batch_size=20)
    assert small.finding.cause == "unscaled_input"
    assert small.complete
    assert len(small.x[0]) < 50
    assert small.epochs == 1
    assert len(small.model.params) < len(model.params)
    assert "rows: " in str(small)
    again = nn.diagnose(
        small.model, small.x, small.y, epochs=small.epochs, batch_size=small.batch_size, budget=0
    )
    assert causes(again)[0] == "unscaled_input"
    assert all(map(np.array_equal, before, model.get_weights()))


def test_time_ends_it_with_what_there_is():
    small = nn.minimise(ill(), LARGE, NUMBERS, epochs=8, batch_size=20, budget=1e-9)
    assert not small.complete
    assert "time was up" in str(small)
    assert small.finding.cause == "unscaled_input"


def test_a_healthy_program_has_nothing_to_keep():
    model = net(nn.Dense(1, "sigmoid"), loss="bce")
    with pytest.raises(nn.NNError, match="finds nothing in this program that could be kept"):
        nn.minimise(model, X, YES, epochs=40, batch_size=20)


@pytest.mark.parametrize("needed", [set(), {3}, {0, 15}, {2, 3, 9}, set(range(16))])
def test_ddmin_leaves_what_is_needed_and_nothing_else(needed):
    tried = []

    def fails(kept):
        tried.append(tuple(kept))
        return needed <= set(kept)

    assert ddmin(range(16), fails, math.inf) == sorted(needed)


def test_ddmin_ends_in_time():
    assert ddmin(range(16), lambda kept: 3 in kept, -math.inf) == list(range(16))
