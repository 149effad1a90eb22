"""What answers depend on, by permuting one input at a time."""

from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from tests.backends import BACKEND
from tests.doctor.nets import CATEGORICAL, HIDDEN, IMAGES, NUMBERS, ONE_HOT, YES, Program, X, net


def trained(program: Program) -> nn.Model:
    model = program.model()
    model.fit(program.x, program.y, epochs=program.epochs, batch_size=20, verbose=0)
    return model


def test_the_columns_that_the_target_is_made_of_matter():
    program = Program((HIDDEN, nn.Dense(1)), "mse", NUMBERS)
    model = trained(program)
    before = model.get_weights()
    found = nn.ablate(model, X, NUMBERS)
    by_name = {one.name: one.score for one in found.inputs}
    assert list(by_name) == ["x[:, 0]", "x[:, 1]", "x[:, 2]", "x[:, 3]"]
    # NUMBERS is x0 - x1: either of them permuted adds twice its own half of the variance.
    assert by_name["x[:, 0]"] == pytest.approx(0, abs=0.4)
    assert by_name["x[:, 1]"] == pytest.approx(0, abs=0.4)
    assert min(by_name["x[:, 2]"], by_name["x[:, 3]"]) > found.score - 0.1
    assert found.measure == "R2"
    assert str(found).splitlines()[1].startswith(("without x[:, 0]", "without x[:, 1]"))
    assert all(map(np.array_equal, before, model.get_weights()))


def test_a_column_without_weights_is_ignored_to_the_bit():
    model = net(nn.Dense(1, "sigmoid"), loss="bce")
    kernel = model.get_weights()[0]
    kernel[2] = 0
    model.set_weights([kernel, *model.get_weights()[1:]])
    found = nn.ablate(model, X, YES)
    assert found.ignored == ("x[:, 2]",)
    assert "without x[:, 2]: " in str(found)
    assert "no answer moves" in str(found)


def test_a_branch_that_is_dead_ignores_its_input():
    left, right = nn.Input((4,), name="left"), nn.Input((6, 6, 1), name="right")
    dead = nn.Dense(3, "relu", bias_initializer=nn.initializers.Constant(-100.0))
    joined = nn.Concatenate()([HIDDEN(left), dead(nn.Flatten()(right))])
    model = nn.Model([left, right], nn.Dense(1)(joined), seed=0, backend=BACKEND, store=nn.Store())
    model.compile("sgd", "mse")
    found = nn.ablate(model, [X, IMAGES], NUMBERS)
    assert found.ignored == ("x['right']",)
    assert [one.name for one in found.inputs][:2] == ["x['left'][:, 0]", "x['left'][:, 1]"]


def test_pictures_are_permuted_as_a_whole():
    program = Program(
        (nn.Flatten(), HIDDEN, nn.Dense(3, "softmax")), CATEGORICAL(), ONE_HOT, IMAGES
    )
    (one,) = nn.ablate(trained(program), IMAGES, ONE_HOT).inputs
    assert one.name == "x"
    assert one.score < 0.6


def test_it_needs_a_compiled_model():
    with pytest.raises(nn.NNError, match="compile"):
        nn.ablate(nn.Sequential([nn.Input((4,)), nn.Dense(1)], backend=BACKEND), X, NUMBERS)
